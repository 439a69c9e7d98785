import Glibc
import Metainfo
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Late write errors, which show only when a file is closed.
@Suite struct LostWriteTests {
  private let disk = MemoryFileSystem()
  private let faulty: FaultyFileSystem
  private let budget = OpenFileBudget(limit: 4)
  private let stored: StoredTorrent

  init() throws {
    faulty = FaultyFileSystem(disk)
    stored = try StoredTorrent(files: (0..<8).map { ("f\($0)", 64) }, pieceLength: 64)
  }

  /// A storage that is ready for writing, on a disk that can be told to fail.
  private func begin(_ change: (inout StorageOptions) -> Void = { _ in }) throws -> TorrentStorage {
    var options = StorageOptions()
    change(&options)
    let storage = TorrentStorage(
      torrent: stored.torrent, folder: "out", options: options, fileSystem: faulty,
      openFiles: budget)
    _ = try storage.inspect()
    try storage.prepare(verified: stored.none)
    return storage
  }

  private func pieces(_ numbers: Range<Int>) -> [PieceIndex] { numbers.map { PieceIndex($0) } }

  private func read(_ number: Int, from storage: TorrentStorage) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 64)
    try buffer.withUnsafeMutableBytes {
      try storage.read(block: Block(piece: PieceIndex(number), offset: 0, length: 64), into: $0)
    }
    return buffer
  }

  /// Makes another torrent take a file's place, the closing of which fails.
  private func loseAFile() throws {
    let other = try StoredTorrent(name: "U", content: [1], pieceLength: 64)
    let storage = TorrentStorage(
      torrent: other.torrent, folder: "out", fileSystem: disk, openFiles: budget)
    _ = try storage.inspect()
    try storage.prepare(verified: other.none)
    faulty.fail("close", with: EIO)
    try other.write(other.pieces, to: storage)
    faulty.fail("close", with: nil)
    try storage.close()
  }

  // MARK: - The report

  /// A call that reports an earlier failure to write.
  enum Reporter: CaseIterable {
    case write, saveProgress, suspend, finish, close
  }

  private func call(_ reporter: Reporter, of storage: TorrentStorage) throws {
    switch reporter {
    case .write: try stored.write(pieces(7..<8), to: storage)
    case .saveProgress: try storage.saveProgress(verified: stored.set(0..<4))
    case .suspend: try storage.suspend(verified: stored.set(0..<4))
    case .finish: try storage.finish()
    case .close: try storage.close()
    }
  }

  @Test(arguments: Reporter.allCases)
  func aLossOnBehalfOfAnotherTorrentIsReported(by reporter: Reporter) throws {
    let storage = try begin()
    try stored.write(pieces(0..<4), to: storage)
    try loseAFile()
    // A file that is open, and one that must be opened.
    for number in [3, 0] {
      let bytes = try read(number, from: storage)
      #expect(bytes == stored.bytes(PieceIndex(number)))
    }
    #expect(throws: StorageError.io(path: "out/T/f0", call: "close", errno: EIO)) {
      try call(reporter, of: storage)
    }
  }

  @Test(arguments: Reporter.allCases)
  func aLossOnBehalfOfAReaderIsReported(by reporter: Reporter) throws {
    let storage = try begin()
    try stored.write(pieces(0..<5), to: storage)
    faulty.fail("close", with: EIO)
    let bytes = try read(0, from: storage)
    #expect(bytes == stored.bytes(PieceIndex(0)))
    faulty.fail("close", with: nil)
    #expect(throws: StorageError.io(path: "out/T/f1", call: "close", errno: EIO)) {
      try call(reporter, of: storage)
    }
  }

  @Test func aWriteReportsALossOnItsBehalf() throws {
    let storage = try begin()
    try stored.write(pieces(0..<4), to: storage)
    faulty.fail("close", with: EIO)
    #expect(throws: StorageError.io(path: "out/T/f0", call: "close", errno: EIO)) {
      try stored.write(pieces(4..<5), to: storage)
    }
  }

  // MARK: - The next run

  /// Checks which of the listed pieces the next run trusts, and that it hashes the others.
  private func expectNextRun(
    toTrust trusted: Bitfield, among listed: Bitfield,
    _ change: (inout StorageOptions) -> Void = { _ in }
  ) throws {
    let next = stored.storage(disk, change)
    let inspection = try next.inspect()
    #expect(inspection.trusted == trusted)
    for piece in stored.pieces where listed.contains(piece) && !trusted.contains(piece) {
      #expect(inspection.doubtful.contains(piece))
    }
    try next.close()
  }

  @Test(arguments: [Reporter.saveProgress, .suspend, .finish, .close])
  func theNextRunHashesALostFile(after reporter: Reporter) throws {
    let storage = try begin()
    try stored.write(pieces(0..<4), to: storage)
    try storage.saveProgress(verified: stored.set(0..<4))
    try loseAFile()
    #expect(throws: StorageError.self) { try call(reporter, of: storage) }
    if reporter != .close { try storage.close() }
    try expectNextRun(toTrust: stored.set(1..<4), among: stored.set(0..<4))
  }

  @Test func theNextRunHashesALostFileWhateverIsSavedLater() throws {
    let storage = try begin()
    try stored.write(pieces(0..<4), to: storage)
    try loseAFile()
    #expect(throws: StorageError.self) { try storage.saveProgress(verified: stored.set(0..<4)) }
    try storage.saveProgress(verified: stored.set(0..<4))
    try storage.suspend(verified: stored.set(0..<4))
    try storage.close()
    try expectNextRun(toTrust: stored.set(1..<4), among: stored.set(0..<4))
  }

  @Test func theNextRunHashesFilesThatWereLostAtTheEnd() throws {
    let storage = try begin()
    try stored.write(pieces(0..<6), to: storage)
    try storage.saveProgress(verified: stored.set(0..<6))
    faulty.fail("close", with: EIO)
    #expect(throws: StorageError.self) { try storage.suspend(verified: stored.set(0..<6)) }
    faulty.fail("close", with: nil)
    try storage.close()
    // The first two had been closed before, to make room.
    try expectNextRun(toTrust: stored.set(0..<2), among: stored.set(0..<6))
  }

  @Test func theNextRunHashesThePiecesOfALostPartFile() throws {
    let stored = try StoredTorrent(files: [("a", 96), ("b", 96)], pieceLength: 64)
    let (storage, _) = try stored.begin(faulty) { $0.selection = FileSelection([0]) }
    // The part file is used before the other one, and is therefore closed first.
    try stored.write([1, 0].map { PieceIndex($0) }, to: storage)
    try storage.saveProgress(verified: stored.set(0..<2))
    faulty.fail("close", with: EIO)
    _ = storage.files.books.withLock { storage.files.makeRoom(&$0) }
    faulty.fail("close", with: nil)
    #expect(throws: StorageError.self) { try storage.suspend(verified: stored.set(0..<2)) }
    try storage.close()
    let inspection = try stored.storage(disk) { $0.selection = FileSelection([0]) }.inspect()
    #expect(inspection.trusted == stored.set([0]))
    #expect(inspection.doubtful.contains(PieceIndex(1)))
  }

  @Test func theNextRunHashesAFileThatIsNotSynchronized() throws {
    let storage = try begin { $0.fsync = true }
    try stored.write(stored.pieces, to: storage)
    try storage.saveProgress(verified: stored.all)
    try storage.files.close(keepingRoot: true)
    faulty.fail("fsync", with: EIO)
    #expect(throws: StorageError.self) { try storage.finish() }
    faulty.fail("fsync", with: nil)
    try storage.close()
    try expectNextRun(toTrust: stored.set(1..<8), among: stored.all)
  }
}
