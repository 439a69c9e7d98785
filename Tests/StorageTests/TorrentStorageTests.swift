import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

@Suite struct TorrentStorageTests {
  @Test func downloadIntoNothingLeavesExactlyTheFiles() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(
      files: [("a", 100), ("sub/deep/b", 70), ("sub/empty", 0), ("c", 200)], pieceLength: 64)
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
    #expect(disk.openCount == 0)
  }

  @Test func pieceMayBeWrittenInAnyOrder() throws {
    for seed in UInt64(0)..<10 {
      let disk = MemoryFileSystem(reserves: seed.isMultiple(of: 2))
      var random = SeededRandom(seed: seed)
      let files = (0..<Int.random(in: 1...12, using: &random)).map {
        ("f\($0 % 3)/\($0)", Int.random(in: 0...150, using: &random))
      }
      let stored = try StoredTorrent(
        files: files + [("last", 9)], pieceLength: Int.random(in: 1...64, using: &random),
        seed: seed)
      let (storage, _) = try stored.begin(disk)
      try stored.write(stored.pieces.shuffled(using: &random), to: storage)
      for piece in stored.pieces {
        let length = stored.torrent.geometry.length(of: piece)
        let offset = Int.random(in: 0..<length, using: &random)
        let block = Block(
          piece: piece, offset: offset, length: Int.random(in: 1...length - offset, using: &random))
        var bytes = [UInt8](repeating: 0, count: block.length)
        try bytes.withUnsafeMutableBytes { try storage.read(block: block, into: $0) }
        #expect(bytes == Array(stored.bytes(piece)[offset..<offset + block.length]))
      }
      try storage.finish()
      #expect(stored.isExactly(on: disk))
    }
  }

  @Test func paddingIsNeitherWrittenNorMissed() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(
      files: [("a", 100, ""), (".pad/28", 28, "p"), ("b", 10, "")], pieceLength: 64)
    try stored.complete(disk)
    #expect(disk.paths == ["T/a", "T/b"])
    #expect(stored.isExactly(on: disk))
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    #expect(try storage.check().isFull)
    var bytes = [UInt8](repeating: 9, count: 64)
    let block = Block(piece: PieceIndex(1), offset: 0, length: 64)
    try bytes.withUnsafeMutableBytes { try storage.read(block: block, into: $0) }
    #expect(bytes == stored.bytes(PieceIndex(1)))
  }

  @Test func completeDataIsNotTouched() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 100), ("e", 0), ("b", 28)], pieceLength: 64)
    stored.place(on: disk)
    let (storage, verified) = try stored.begin(disk)
    #expect(verified.isFull)
    try storage.finish()
    try storage.close()
    #expect(disk.changes == 0)
    #expect(stored.isExactly(on: disk))
  }

  @Test func stateFileMarksTheDownloadUntilItIsFinished() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(name: "N", content: [1, 2, 3, 4], pieceLength: 2)
    let (storage, _) = try stored.begin(disk)
    #expect(disk.paths == ["N.swift-torrent"])
    try stored.write(stored.pieces, to: storage)
    #expect(disk.paths == ["N", "N.swift-torrent"])
    try storage.finish()
    #expect(disk.paths == ["N"])
  }

  @Test func stateFileNeverHasTheNameOfAFileOfTheTorrent() throws {
    let name = String(repeating: "n", count: 240) + ".swift-torrent"
    let stored = try StoredTorrent(name: name, content: [1, 2, 3], pieceLength: 2)
    let disk = MemoryFileSystem()
    try stored.complete(disk)
    #expect(disk.paths == [stored.torrent.layout.files[0].displayPath])
    #expect(stored.isExactly(on: disk))
  }

  @Test func thousandsOfFilesNeedFewDescriptors() throws {
    let disk = MemoryFileSystem()
    let files = (0..<2000).map { ("d\($0 % 7)/f\($0)", $0 % 3) }
    let stored = try StoredTorrent(files: files, pieceLength: 64)
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
    #expect(disk.mostOpen <= 128 + 20)
    #expect(disk.openCount == 0)
  }

  @Test func fullDiskIsReportedAndTheRestSurvives() throws {
    let memory = MemoryFileSystem(reserves: false)
    let disk = FaultyFileSystem(memory)
    let stored = try StoredTorrent(files: [("a", 100), ("b", 100)], pieceLength: 50)
    let (storage, _) = try stored.begin(disk)
    disk.setBytesLeft(120)
    try stored.write(stored.pieces[..<2], to: storage)
    #expect(throws: StorageError.diskFull(path: "out/T/b")) {
      try stored.write(stored.pieces[2...], to: storage)
    }
    try storage.close()
    disk.setBytesLeft(nil)
    let (again, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0, 1]))
    try stored.write(stored.pieces[2...], to: again)
    try again.finish()
    #expect(stored.isExactly(on: memory))
  }

  @Test func reservingMoreThanTheDiskHasIsDiskFull() throws {
    let disk = FaultyFileSystem(MemoryFileSystem())
    disk.fail("fallocate", with: 28)
    let stored = try StoredTorrent(files: [("a", 100)], pieceLength: 50)
    let (storage, _) = try stored.begin(disk)
    #expect(throws: StorageError.diskFull(path: "out/T/a")) {
      try stored.write(stored.pieces, to: storage)
    }
  }

  @Test func failureToCloseAWrittenFileFailsTheDownload() throws {
    let disk = FaultyFileSystem(MemoryFileSystem())
    let stored = try StoredTorrent(files: [("a", 100)], pieceLength: 50)
    let (storage, _) = try stored.begin(disk)
    try stored.write(stored.pieces, to: storage)
    disk.fail("close", with: 5)
    #expect(throws: StorageError.io(path: "out/T/a", call: "close", errno: 5)) {
      try storage.finish()
    }
  }

  @Test func readErrorNamesTheFile() throws {
    let memory = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 100)], pieceLength: 50)
    stored.place(on: memory)
    let disk = FaultyFileSystem(memory)
    let storage = stored.storage(disk)
    _ = try storage.inspect()
    disk.fail("pread", with: 5)
    #expect(throws: StorageError.io(path: "out/T/a", call: "pread", errno: 5)) {
      try storage.check()
    }
  }

  @Test func readingAFileThatWasCutIsAnError() throws {
    let disk = MemoryFileSystem()
    let stored = try StoredTorrent(files: [("a", 100)], pieceLength: 50)
    stored.place(on: disk)
    let (storage, _) = try stored.begin(disk)
    disk.put("T/a", Array(repeating: 0, count: 10))
    var bytes = [UInt8](repeating: 0, count: 50)
    let block = Block(piece: PieceIndex(1), offset: 0, length: 50)
    #expect(throws: StorageError.changedUnderneath(path: "out/T/a")) {
      try bytes.withUnsafeMutableBytes { try storage.read(block: block, into: $0) }
    }
  }
}
