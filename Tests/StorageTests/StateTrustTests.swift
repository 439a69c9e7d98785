import Glibc
import Hashing
import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// The pieces that the next run takes on trust, and those that it hashes.
@Suite struct StateTrustTests {
  private let disk = MemoryFileSystem()
  private let stored: StoredTorrent

  /// Pieces 0 and 1 are a, 2 and 3 are b, 4 is c.
  init() throws {
    stored = try StoredTorrent(files: [("a", 128), ("b", 128), ("c", 64)], pieceLength: 64)
  }

  /// A run that saves its state after some pieces and is killed after some more.
  private func kill(after listed: [Int], then more: [Int] = []) throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(listed.map { PieceIndex($0) }, to: storage)
    try storage.saveProgress(verified: stored.set(listed))
    try stored.write(more.map { PieceIndex($0) }, to: storage)
    try storage.close()
  }

  /// A run that ends well with these pieces.
  private func stop(after pieces: [Int]) throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(pieces.map { PieceIndex($0) }, to: storage)
    try storage.suspend(verified: stored.set(pieces))
    try storage.close()
  }

  private func inspect(trustsState: Bool = true) throws -> Inspection {
    let storage = stored.storage(disk)
    let inspection = try storage.inspect(trustsState: trustsState)
    try storage.close()
    return inspection
  }

  @Test func afterACleanStopNothingIsRead() throws {
    try stop(after: [0, 3])
    let before = disk.bytesRead
    let inspection = try inspect()
    #expect(inspection.trusted == stored.set([0, 3]))
    #expect(inspection.doubtful.isEmpty && !inspection.mayHaveData)
    #expect(disk.bytesRead - before == disk.bytes("T.swift-torrent")?.count)
    try stored.complete(disk)
    #expect(stored.isExactly(on: disk))
  }

  @Test func afterAKillOnlyWhatIsNotListedIsHashed() throws {
    try kill(after: [0, 3], then: [1])
    let inspection = try inspect()
    #expect(inspection.trusted == stored.set([0, 3]))
    // The file c is not there.
    #expect(inspection.doubtful == stored.set([1, 2]))
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0, 1, 3]))
    try storage.close()
  }

  @Test func runThatBeginsMakesTheStateUnclean() throws {
    try stop(after: [0])
    let (storage, _) = try stored.begin(disk)
    try stored.write([PieceIndex(1)], to: storage)
    try storage.close()
    let (again, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0, 1]))
    try again.close()
  }

  @Test func fileThatSomebodyChangedAfterTheStopIsHashed() throws {
    try stop(after: [0, 1, 2])
    var bytes = stored.bytes(ofFile: "T/b")
    bytes[5] ^= 1
    bytes.replaceSubrange(64..., with: repeatElement(0, count: 64))
    disk.put("T/b", bytes)
    #expect(try inspect().trusted == stored.set([0, 1]))
    #expect(try inspect().doubtful == stored.set([2, 3]))
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0, 1]))
    try storage.close()
  }

  @Test func copyWithTheSameTimeIsHashed() throws {
    try stop(after: [0, 2])
    let time = try #require(disk.time(of: "T/b"))
    let bytes = try #require(disk.bytes("T/b"))
    disk.delete("T/b")
    disk.put("T/b", bytes)
    disk.setTime(of: "T/b", to: time)
    #expect(try inspect().trusted == stored.set([0]))
    #expect(try inspect().doubtful == stored.set([2, 3]))
  }

  @Test func cutFileIsNotTrusted() throws {
    for ends in [stop, { try kill(after: $0) }] {
      try ends([0, 2])
      disk.put("T/b", Array(repeating: 0, count: 10))
      #expect(try inspect().trusted == stored.set([0]))
      disk.delete("T/b")
      disk.delete("T/a")
      disk.delete("T.swift-torrent")
    }
  }

  @Test func afterAKillAndAStartOfTheMachineEverythingIsHashed() throws {
    try kill(after: [0, 2])
    disk.restart()
    #expect(try inspect().trusted.isEmpty)
    #expect(try inspect().doubtful == stored.set(0..<4))
  }

  @Test func aStartOfTheMachineAfterACleanStopMeansNothing() throws {
    try stop(after: [0, 2])
    disk.restart()
    #expect(try inspect().trusted == stored.set([0, 2]))
  }

  @Test func changeLongAfterTheKillIsSomebodyElses() throws {
    try kill(after: [0, 2])
    disk.wait(seconds: 60)
    disk.put("T/b", Array(repeating: 1, count: 128))
    #expect(try inspect().trusted == stored.set([0]))
  }

  @Test func finishedFileMustBeUntouchedAlsoAfterAKill() throws {
    try kill(after: [0, 1, 2])
    disk.put("T/a", Array(repeating: 1, count: 128))
    #expect(try inspect().trusted == stored.set([2]))
  }

  @Test func everythingIsHashedOnDemand() throws {
    try stop(after: [0, 1, 2])
    let inspection = try inspect(trustsState: false)
    #expect(inspection.trusted.isEmpty)
    #expect(inspection.doubtful == stored.set(0..<4))
    #expect(inspection.files[1] == .ours(size: 128))
  }

  @Test func aHundredGibibytesResumeAtOnce() throws {
    let folder = try TemporaryFolder()
    let real = FaultyFileSystem(PosixFileSystem())
    // The test has no room for so much data, so all but the first piece is one hole.
    real.hideHoles()
    let builder = TorrentBuilder(name: "N", pieceLength: 16 << 20)
    let count = 6400
    let hash = SHA1.digest(of: [1, 2, 3])
    let torrent = try TorrentMetainfo(
      bytes: builder.torrent(
        pieceHashes: Array(repeating: hash, count: count), length: Int64(count) << 24))
    var options = StorageOptions()
    options.preallocation = .sparse
    func storage() -> TorrentStorage {
      TorrentStorage(torrent: torrent, folder: folder.path, options: options, fileSystem: real)
    }
    var verified = Bitfield(count: count)
    for number in 0..<6000 { verified.insert(PieceIndex(number)) }
    let first = storage()
    _ = try first.inspect()
    try first.prepare(verified: Bitfield(count: count))
    let zeros = [UInt8](repeating: 0, count: 16 << 20)
    try zeros.withUnsafeBytes { try first.write(piece: PieceIndex(0), bytes: $0) }
    try first.suspend(verified: verified)
    try first.close()
    #expect(folder.status("N")?.st_size == count << 24)
    let before = real.bytesRead
    let second = storage()
    let inspection = try second.inspect()
    #expect(inspection.trusted == verified)
    #expect(!inspection.mayHaveData)
    #expect(real.bytesRead - before < 4096)
    try second.close()
  }
}
