import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

@Suite struct PieceCheckTests {
  @Test func rightPiecesAreFoundWhateverElseIsWrong() throws {
    for seed in UInt64(0)..<8 {
      let disk = MemoryFileSystem()
      var random = SeededRandom(seed: seed)
      let files = (0..<8).map { ("\($0)", Int.random(in: 0...4000, using: &random)) }
      let stored = try StoredTorrent(files: files + [("x", 1)], pieceLength: 100, seed: seed)
      stored.place(on: disk)
      // Files vanish, are cut, or get a wrong byte.
      var wrong = Set<Int>()
      for file in stored.torrent.layout.files where file.length > 1 {
        var bytes = stored.bytes(ofFile: file.displayPath)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          disk.delete(file.displayPath)
          wrong.formUnion(stored.torrent.layout.pieces(ofFile: file.index))
        case 1:
          bytes.removeLast()
          disk.put(file.displayPath, bytes)
          wrong.insert(Int(file.offset + file.length - 1) / 100)
        case 2:
          let position = Int.random(in: 0..<bytes.count, using: &random)
          bytes[position] ^= 1
          disk.put(file.displayPath, bytes)
          wrong.insert((Int(file.offset) + position) / 100)
        default: break
        }
      }
      let storage = stored.storage(disk)
      _ = try storage.inspect()
      let expected = stored.set(stored.pieces.map(\.value).filter { !wrong.contains($0) })
      #expect(try storage.check() == expected)
    }
  }

  @Test func piecesLargerThanAStepAreHashedInParts() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 300_000), ("b", 350_001)], pieceLength: 200_000)
    stored.place(on: disk)
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    #expect(try storage.check().isFull)
  }

  @Test func holesAreCountedAsZerosAndOnlyWhereZerosAreRight() throws {
    var content = [UInt8](repeating: 0, count: 10 * 4096)
    for position in 3 * 4096..<4 * 4096 { content[position] = 5 }
    let stored = try StoredTorrent(name: "N", content: content, pieceLength: 4096)
    let disk = MemoryFileSystem()
    disk.put("N", [UInt8](repeating: 0, count: content.count))
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    #expect(try storage.check() == stored.set((0..<10).filter { $0 != 3 }))
  }

  @Test func fileSystemIsAskedOnceForEachHoleWhateverTheRanges() throws {
    var content = [UInt8](repeating: 7, count: 64 * 4096)
    for position in 16 * 4096..<32 * 4096 { content[position] = 0 }
    let stored = try StoredTorrent(name: "N", content: content, pieceLength: 4096)
    let disk = MemoryFileSystem()
    disk.put("N", content)
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    let holes = HoleMap()
    // One call tells where a hole ends, two where data does.
    for range in [0..<8, 8..<16, 16..<24, 24..<40, 40..<64] {
      let found = try storage.checkPieces(range, of: stored.all, holes: holes)
      #expect(found.map(\.value) == Array(range))
    }
    #expect(disk.callCount("lseek") == 5)
  }

  @Test func rangesOfPiecesTogetherGiveTheWhole() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 5000)], pieceLength: 64)
    stored.place(on: disk)
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    let count = stored.pieces.count
    let parts = try [0..<10, 10..<50, 50..<count].map {
      try storage.checkPieces($0, of: stored.all)
    }
    #expect(parts.flatMap { $0 } == stored.pieces)
  }

  @Test func progressReachesAllBytesAlsoWhenFilesAreMissing() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 5000), ("b", 5000)], pieceLength: 64)
    stored.place(["T/b"], on: disk)
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    var steps: [Int64] = []
    _ = try storage.check(progress: { steps.append($0) })
    #expect(steps.last == 10_000)
    #expect(steps == steps.sorted())
  }

  @Test func cancelledCheckEndsEarly() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 3000)], pieceLength: 1)
    stored.place(on: disk)
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    var steps = 0
    let verified = try storage.check(progress: { _ in steps += 1 }, isCancelled: { steps >= 2 })
    #expect(verified == stored.set(0..<2048))
  }

  @Test func onlyThePiecesOfTheSetAreRead() throws {
    for pieceLength in [100, 70_000] {
      let disk = MemoryFileSystem()
      let stored = try StoredTorrent(
        files: [("a", 3 * pieceLength), ("b", 3 * pieceLength)], pieceLength: pieceLength)
      stored.place(on: disk)
      let storage = stored.storage(disk)
      _ = try storage.inspect()
      var done: Int64 = 0
      let found = try storage.checkPieces(
        0..<6, of: stored.set([1, 4, 5]), progress: { done = $0 })
      #expect(found.map(\.value) == [1, 4, 5])
      #expect(done == Int64(3 * pieceLength))
    }
  }

  @Test func fileThatIsCutDuringTheCheckCostsItsOwnPiecesOnly() throws {
    for pieceLength in [100, 70_000] {
      let disk = MemoryFileSystem()
      let stored = try StoredTorrent(
        files: [("a", 2 * pieceLength), ("b", 2 * pieceLength)], pieceLength: pieceLength)
      stored.place(on: disk)
      let storage = stored.storage(disk)
      _ = try storage.inspect()
      disk.put("T/b", Array(stored.bytes(ofFile: "T/b").dropLast()))
      #expect(try storage.check() == stored.set(0..<3))
    }
  }
}
