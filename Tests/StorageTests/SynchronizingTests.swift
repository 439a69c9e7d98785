import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// `fsync`: the end waits until all is on the disk.
@Suite struct SynchronizingTests {
  private let disk = MemoryFileSystem()
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(
      files: [("a", 96), ("sub/deep/b", 112), ("e", 0), ("sub/c", 112)], pieceLength: 64)
  }

  private func complete(fsync: Bool, selection: FileSelection = .all) throws {
    let (storage, verified) = try stored.begin(disk) {
      $0.fsync = fsync
      $0.selection = selection
    }
    let missing = stored.pieces.filter { storage.wanted.contains($0) && !verified.contains($0) }
    try stored.write(missing, to: storage)
    try storage.saveProgress(verified: storage.wanted)
    try storage.finish()
    #expect(disk.isVolatile == !fsync)
    try storage.close()
  }

  @Test func nothingIsLeftToTheSystem() throws {
    try complete(fsync: true)
    let isExact = stored.isExactly(on: disk)
    #expect(isExact)
    #expect(disk.openCount == 0)
  }

  @Test func nothingIsWaitedForUnlessThatIsWanted() throws {
    try complete(fsync: false)
    #expect(disk.callCount("fsync") == 0)
  }

  @Test func someFilesAreEnough() throws {
    try complete(fsync: true, selection: FileSelection([1]))
    #expect(disk.paths == ["T/sub/deep/b"])
  }

  /// The data that an earlier run has left to the system counts as well.
  @Test func whatWasThereAlreadyIsWaitedFor() throws {
    try complete(fsync: false)
    let storage = stored.storage(disk) { $0.fsync = true }
    _ = try storage.inspect()
    let verified = try storage.check()
    try storage.prepare(verified: verified)
    try storage.finish(verified: verified)
    #expect(!disk.isVolatile)
    try storage.close()
  }

  @Test func aDiskThatFailsIsAFailure() throws {
    let faulty = FaultyFileSystem(disk)
    let (storage, _) = try stored.begin(faulty) { $0.fsync = true }
    try stored.write(stored.pieces, to: storage)
    faulty.fail("fsync", with: 5)
    #expect(throws: StorageError.self) { try storage.finish() }
    // The state file says that it is not complete.
    #expect(disk.paths.contains { $0.hasSuffix(".swift-torrent") })
  }
}
