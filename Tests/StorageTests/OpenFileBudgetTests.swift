import Glibc
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite struct OpenFileBudgetTests {
  private let disk = MemoryFileSystem()
  private let budget = OpenFileBudget(limit: 4)

  /// A torrent of eight files, one for each piece, with a storage that is ready for writing.
  ///
  /// In a torrent with folders, four files each are in one of two.
  private func torrent(
    _ name: String, on files: (any FileSystem)? = nil, within budget: OpenFileBudget? = nil,
    hasFolders: Bool = false
  ) throws -> (stored: StoredTorrent, storage: TorrentStorage) {
    let stored = try StoredTorrent(
      name: name, files: (0..<8).map { (hasFolders ? "d\($0 / 4)/f\($0)" : "f\($0)", 64) },
      pieceLength: 64)
    let storage = TorrentStorage(
      torrent: stored.torrent, folder: "out", fileSystem: files ?? disk,
      openFiles: budget ?? self.budget)
    _ = try storage.inspect()
    try storage.prepare(verified: stored.none)
    return (stored, storage)
  }

  @Test func torrentsShareTheLimit() throws {
    let torrents = try ["A", "B", "C"].map { try torrent($0) }
    for piece in torrents[0].stored.pieces {
      for (stored, storage) in torrents { try stored.write([piece], to: storage) }
    }
    // Each torrent also has two folders and its state file open.
    #expect(disk.mostOpen <= 4 + 3 * 3)
    for (_, storage) in torrents {
      try storage.finish()
      try storage.close()
    }
    #expect(disk.openCount == 0)
    #expect(!budget.isFull)
  }

  @Test func theTorrentWithTheMostFilesGivesWay() throws {
    let (first, many) = try torrent("A")
    try first.write(first.pieces.prefix(4), to: many)
    #expect(budget.isFull)
    let (second, few) = try torrent("B")
    try second.write(second.pieces.prefix(2), to: few)
    #expect(budget.others(than: few.files).map(\.count) == [2])
    #expect(budget.others(than: many.files).map(\.count) == [2])
  }

  @Test func aTorrentWithoutFilesOfItsOwnHasRoomAtOnce() throws {
    let others = try ["A", "B", "C", "D"].map { try torrent($0) }
    for (stored, storage) in others { try stored.write(stored.pieces.prefix(1), to: storage) }
    let (stored, storage) = try torrent("E")
    try stored.write(stored.pieces.prefix(1), to: storage)
    // The first one has opened none for the longest time.
    let counts = Dictionary(
      uniqueKeysWithValues: budget.others(than: storage.files).map {
        (ObjectIdentifier($0.table), $0.count)
      })
    #expect(counts[ObjectIdentifier(others[0].storage.files)] == nil)
    #expect(counts.count == 3)
  }

  @Test func aFailureToGiveWayIsTheOthersFailure() throws {
    let faulty = FaultyFileSystem(disk)
    let (first, failing) = try torrent("A", on: faulty)
    try first.write(first.pieces.prefix(4), to: failing)
    let (second, storage) = try torrent("B")
    faulty.fail("close", with: EIO)
    try second.write(second.pieces.prefix(1), to: storage)
    faulty.fail("close", with: nil)
    #expect(throws: StorageError.self) { try first.write(first.pieces.suffix(1), to: failing) }
    try second.write(second.pieces, to: storage)
  }

  @Test func aTorrentThatEndsIsForgotten() throws {
    do {
      let (stored, storage) = try torrent("A")
      try stored.write(stored.pieces.prefix(4), to: storage)
      #expect(budget.isFull)
      // The records of a torrent go even if it is dropped without being closed.
    }
    #expect(!budget.isFull)
  }

  @Test func foldersMakeNoRoomForFiles() throws {
    let (few, storage) = try torrent("B")
    try few.write(few.pieces.prefix(1), to: storage)
    let (many, busy) = try torrent("A", hasFolders: true)
    try many.write(many.pieces.prefix(3), to: busy)
    #expect(budget.isFull)
    setUsers(of: 0..<3, in: busy, to: 1)
    // The other torrent has more files, but can only close a folder.
    try few.write([few.pieces[1]], to: storage)
    let own = storage.files.books.withLock { $0.open.count }
    #expect(budget.others(than: storage.files).reduce(own) { $0 + $1.count } == 4)
  }

  private func setUsers(of indices: Range<Int>, in storage: TorrentStorage, to count: Int) {
    storage.files.books.withLock { books in
      for index in indices { books.open[index]?.users = count }
    }
  }

  /// The last reference to a torrent may be the one by which another torrent asks it for room.
  @Test func aTorrentMayEndWhileItIsAskedForRoom() async throws {
    let asking = try torrent("A").storage.files
    let budget = budget
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for _ in 0..<100_000 {
          let table = FileTable(
            layout: asking.layout, folder: "out", fileSystem: asking.fileSystem,
            synchronizes: false, preallocation: .none, openFiles: budget)
          budget.opened(by: table)
        }
      }
      group.addTask {
        for _ in 0..<100_000 { _ = budget.others(than: asking) }
      }
    }
    #expect(!budget.isFull)
  }

  // MARK: - Folders

  @Test func savingLeavesNoFolderOpen() throws {
    let (stored, storage) = try torrent("A", hasFolders: true)
    try stored.write(stored.pieces.prefix(4), to: storage)
    try storage.saveProgress(verified: stored.set(0..<4))
    // Four files, the output folder and the state file.
    #expect(disk.openCount == 6)
  }

  @Test func aTorrentWithoutOpenFilesHasNoOpenFolders() throws {
    let budget = OpenFileBudget(limit: 1)
    let (stored, storage) = try torrent("A", within: budget, hasFolders: true)
    try stored.write(stored.pieces.prefix(1), to: storage)
    let elsewhere = MemoryFileSystem()
    let (second, other) = try torrent("B", on: elsewhere, within: budget)
    try second.write(second.pieces.prefix(1), to: other)
    // Only the output folder and the state file are left.
    #expect(disk.openCount == 2)
    var buffer = [UInt8](repeating: 0, count: 64)
    #expect(throws: StorageError.fileMissing(path: "out/A/d0/f1")) {
      try buffer.withUnsafeMutableBytes {
        try storage.read(block: Block(piece: PieceIndex(1), offset: 0, length: 64), into: $0)
      }
    }
    #expect(disk.openCount == 2)
  }

  @Test func aSurveyThatFailsLeavesNoFolderOpen() throws {
    let stored = try StoredTorrent(name: "T", files: [("d/f", 64)], pieceLength: 64)
    disk.putSymlink("T/d/f")
    let storage = stored.storage(disk)
    #expect(throws: StorageError.symlink(path: "out/T/d/f")) { try storage.inspect() }
    try storage.close()
    #expect(disk.openCount == 0)
  }

  @Test func aFailingFsyncLeavesNoFolderOpen() throws {
    let faulty = FaultyFileSystem(disk)
    let stored = try StoredTorrent(name: "T", files: [("d/f", 64)], pieceLength: 64)
    let (storage, _) = try stored.begin(faulty) { $0.fsync = true }
    try stored.write(stored.pieces, to: storage)
    try storage.files.close(keepingRoot: true)
    faulty.fail("fsync", with: EIO)
    #expect(throws: StorageError.self) { try storage.finish() }
    faulty.fail("fsync", with: nil)
    try storage.close()
    #expect(disk.openCount == 0)
  }

  // MARK: - Other threads

  @Test(arguments: [0, 3, 100])
  func aTorrentWaitsAMomentForOthersAtWork(excess: Int) throws {
    let disk = MemoryFileSystem(descriptors: 32)
    let (first, busy) = try torrent("A", on: disk)
    try first.write(first.pieces.prefix(1), to: busy)
    setUsers(of: 0..<1, in: busy, to: 1)
    let (stored, storage) = try torrent("B", on: disk)
    disk.exhaust(andWait: excess)
    let write = { try stored.write(stored.pieces.prefix(1), to: storage) }
    if excess < 100 {
      // The folder and the file need a descriptor each.
      try write()
      #expect(disk.callCount("usleep") == excess + 2)
    } else {
      #expect(throws: StorageError.tooManyOpenFiles(path: "out/B")) { try write() }
      #expect(disk.callCount("usleep") == 5)
    }
  }

  @Test func aTorrentAloneWaitsForNobody() throws {
    let disk = MemoryFileSystem(descriptors: 32)
    let (stored, storage) = try torrent("A", on: disk)
    disk.exhaust()
    #expect(throws: StorageError.tooManyOpenFiles(path: "out/A")) {
      try stored.write(stored.pieces.prefix(1), to: storage)
    }
    #expect(disk.callCount("usleep") == 0)
  }

  @Test func aTorrentBeginsWithTheDescriptorsOfOthers() throws {
    let disk = MemoryFileSystem(descriptors: 12)
    let (first, other) = try torrent("A", on: disk)
    try first.write(first.pieces.prefix(4), to: other)
    disk.exhaust()
    let (stored, storage) = try torrent("B", on: disk)
    try stored.write(stored.pieces.prefix(1), to: storage)
    #expect(budget.others(than: storage.files).isEmpty)
  }
}
