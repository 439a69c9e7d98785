import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// The files that one run leaves for the next.
@Suite struct ResumeTests {
  private let disk = MemoryFileSystem()
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 128), ("b", 128), ("c", 64)], pieceLength: 64)
  }

  /// A run that writes some pieces and ends, with or without saying so.
  private func interrupt(after numbers: Range<Int>, saving: Bool = true) throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(numbers.map { PieceIndex($0) }, to: storage)
    if saving { try storage.saveProgress(verified: stored.set(numbers)) }
    try storage.close()
  }

  @Test(arguments: [true, false])
  func nextRunUsesWhatIsThereAndCompletes(saving: Bool) throws {
    try interrupt(after: 1..<3, saving: saving)
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set(1..<3))
    try stored.write([0, 3, 4].map { PieceIndex($0) }, to: storage)
    try storage.finish()
    #expect(stored.isExactly(on: disk))
  }

  @Test func inspectionTellsOurFilesFromOthers() throws {
    try interrupt(after: 0..<3)
    disk.put("T/c", [1])
    let inspection = try stored.storage(disk).inspect()
    #expect(
      inspection.files == [.ours(size: 128), .ours(size: 128), .ours(size: 1)])
    #expect(inspection.mayHaveData)
  }

  @Test func nothingOnDiskMeansNothingToCheck() throws {
    #expect(try !stored.storage(disk).inspect().mayHaveData)
  }

  @Test func finishedFileOfOursIsForeignWhenItChangesLater() throws {
    try interrupt(after: 0..<2)
    disk.put("T/a", Array(repeating: 1, count: 128))
    #expect(throws: StorageError.outputExists(path: "out/T/a")) { try stored.begin(disk) }
  }

  @Test func fileOfOursThatVanishedIsMadeAgain() throws {
    try interrupt(after: 0..<5)
    disk.delete("T/b")
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func fileOfOursThatIsTooLongIsCut() throws {
    try interrupt(after: 0..<1)
    disk.put("T/a", stored.bytes(ofFile: "T/a") + [1, 2, 3])
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func runThatDiedAfterTheLastPieceIsCleanedUp() throws {
    try interrupt(after: 0..<5, saving: false)
    #expect(disk.paths.contains("T.swift-torrent"))
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func noDamageToTheStateIsTrusted() throws {
    try interrupt(after: 0..<3)
    let state = try #require(disk.bytes("T.swift-torrent"))
    var random = SeededRandom(seed: 7)
    for round in 0..<(state.count + 300) {
      var damaged = Array(state.prefix(round))
      if round >= state.count {
        damaged = state
        let position = Int.random(in: 0..<state.count, using: &random)
        damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      disk.put("T.swift-torrent", damaged)
      let storage = stored.storage(disk)
      do {
        #expect(try storage.inspect().trusted.isEmpty)
      } catch {
        #expect(error == .foreignState(path: "out/T.swift-torrent"))
      }
      try storage.close()
    }
  }

  @Test func stateOfAnotherTorrentIsRefused() throws {
    let other = try StoredTorrent(files: [("z", 128)], pieceLength: 64, seed: 5)
    let (storage, _) = try other.begin(disk)
    try storage.close()
    #expect(throws: StorageError.foreignState(path: "out/T.swift-torrent")) {
      try stored.begin(disk)
    }
  }

  @Test func leftoverOfAnInterruptedSaveIsReplaced() throws {
    try interrupt(after: 0..<1)
    let state = try #require(disk.bytes("T.swift-torrent"))
    disk.put("T.swift-torrent~", Array(state.prefix(90)))
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func stateThatAnotherRunIsWritingIsLeftToIt() throws {
    try interrupt(after: 0..<1)
    let state = try #require(disk.bytes("T.swift-torrent"))
    disk.put("T.swift-torrent~", state)
    let root = try disk.openRoot("out", create: false)
    let other = try disk.openFile("T.swift-torrent~", in: root, .write)
    #expect(try disk.lock(other))
    try stored.complete(disk)
    #expect(disk.bytes("T.swift-torrent~") == state)
  }

  @Test func secondRunIsLockedOutUntilTheFirstEnds() throws {
    let (first, _) = try stored.begin(disk)
    let second = stored.storage(disk)
    #expect(throws: StorageError.locked(path: "out/T.swift-torrent")) { try second.inspect() }
    try first.saveProgress(verified: stored.none)
    #expect(throws: StorageError.locked(path: "out/T.swift-torrent")) { try second.inspect() }
    try first.close()
    _ = try second.inspect()
  }

  @Test func ofTwoRunsThatBeginAtOnceOneGoesOn() throws {
    let (first, second) = (stored.storage(disk), stored.storage(disk))
    _ = try first.inspect()
    _ = try second.inspect()
    try first.prepare(verified: stored.none)
    #expect(throws: StorageError.locked(path: "out/T.swift-torrent")) {
      try second.prepare(verified: stored.none)
    }
  }

  @Test func runThatCannotWriteItsStateLeavesNothing() throws {
    let full = FaultyFileSystem(disk, fullAfter: 10)
    #expect(throws: StorageError.diskFull(path: "out/T.swift-torrent")) { try stored.begin(full) }
    #expect(disk.paths.isEmpty)
  }

  @Test func failedSaveKeepsTheOlderState() throws {
    let full = FaultyFileSystem(disk)
    let (storage, _) = try stored.begin(full)
    let before = disk.bytes("T.swift-torrent")
    full.setBytesLeft(10)
    #expect(throws: StorageError.diskFull(path: "out/T.swift-torrent")) {
      try storage.saveProgress(verified: stored.set([0]))
    }
    #expect(disk.paths == ["T.swift-torrent"])
    #expect(disk.bytes("T.swift-torrent") == before)
    full.setBytesLeft(nil)
    try storage.saveProgress(verified: stored.set([0]))
    #expect(disk.bytes("T.swift-torrent") != before)
  }

  @Test func stateIsThreeLinesAndCanonicalBencode() throws {
    try interrupt(after: 0..<2)
    let state = try #require(disk.bytes("T.swift-torrent"))
    let lines = state.split(separator: UInt8(ascii: "\n"), maxSplits: 3)
    #expect(String(decoding: lines[0], as: UTF8.self) == "swift-torrent state 3")
    #expect(String(decoding: lines[1], as: UTF8.self) == stored.torrent.infoHash.description)
    #expect(String(decoding: lines[2], as: UTF8.self) == "\(lines[3].count)")
    let text = String(decoding: lines[3], as: UTF8.self)
    #expect(text.hasPrefix("d4:boot3:one5:cleani0e6:digest20:"))
    #expect(text.contains("8:selected1:"))
    #expect(text.contains("6:stamps128:"))
    let ending =
      Array(":\u{60}8:verified1:".utf8) + [0xC0] + Array("5:whole1:".utf8) + [0x80, 0x65]
    #expect(lines[3].suffix(ending.count).elementsEqual(ending))
  }
}
