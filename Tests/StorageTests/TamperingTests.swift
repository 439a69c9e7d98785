import Glibc
import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// Hard links, and files that somebody cuts or replaces while a run writes them.
@Suite struct TamperingTests {
  private let disk = MemoryFileSystem()
  private let stored: StoredTorrent
  /// A page holds a hole, so pieces are pages here: 0 to 3 are a, 4 to 7 are b.
  private let paged: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 128), ("b", 128)], pieceLength: 64)
    paged = try StoredTorrent(files: [("a", 16384), ("b", 16384)], pieceLength: 4096)
  }

  private func interrupt(after numbers: [Int]) throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(numbers.map { PieceIndex($0) }, to: storage)
    try storage.suspend(verified: stored.set(numbers))
    try storage.close()
  }

  // MARK: - Hard links

  @Test(arguments: [true, false])
  func unfinishedFileWithASecondNameIsNotWritten(overwrite: Bool) throws {
    try interrupt(after: [0, 2])
    disk.link("T/a", as: "precious")
    let changes = disk.changes
    #expect(throws: StorageError.hardLinked(path: "out/T/a")) {
      try stored.begin(disk, overwrite: overwrite)
    }
    #expect(disk.changes == changes)
  }

  @Test func wholeFileWithASecondNameIsUsed() throws {
    stored.place(["T/a"], on: disk)
    disk.link("T/a", as: "precious")
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set(0..<2))
    try stored.write([2, 3].map { PieceIndex($0) }, to: storage)
    try storage.finish()
    #expect(disk.bytes("T/b") == stored.bytes(ofFile: "T/b"))
  }

  @Test func linkThatIsMadeDuringTheRunIsNoticed() throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(stored.pieces, to: storage)
    disk.link("T/a", as: "precious")
    #expect(throws: StorageError.hardLinked(path: "out/T/a")) { try storage.finish() }
  }

  @Test func linkThatTakesTheFilesPlaceIsNotWrittenThrough() throws {
    let folder = try TemporaryFolder()
    let real = PosixFileSystem()
    let (storage, _) = try stored.begin(real, folder: folder.path)
    try stored.write([PieceIndex(0)], to: storage)
    try storage.suspend(verified: stored.set([0]))
    try storage.close()
    folder.write("precious", Array(repeating: 7, count: 128))
    unlink(folder.path + "/T/a")
    #expect(link(folder.path + "/precious", folder.path + "/T/a") == 0)
    #expect(throws: StorageError.self) { try stored.begin(real, folder: folder.path) }
    #expect(folder.bytes("precious") == Array(repeating: 7, count: 128))
  }

  // MARK: - Files that are replaced or cut

  @Test func fileReplacedBeforeTheFirstSaveIsNoticed() throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write(stored.pieces, to: storage)
    disk.delete("T/a")
    disk.put("T/a", Array(repeating: 7, count: 128))
    #expect(throws: StorageError.changedUnderneath(path: "out/T/a")) { try storage.finish() }
  }

  @Test func fileThatWasCutIsNoticedWhenTheStateIsSaved() throws {
    let (storage, _) = try stored.begin(disk)
    try stored.write([PieceIndex(1)], to: storage)
    disk.put("T/a", [1])
    #expect(throws: StorageError.changedUnderneath(path: "out/T/a")) {
      try storage.saveProgress(verified: stored.set([1]))
    }
  }

  /// After the cut a later piece makes the file as long as it must be.
  @Test func fileThatWasCutAndGrewAgainIsNoticedAndMended() throws {
    let (storage, _) = try paged.begin(disk)
    try paged.write([0, 1, 2, 4, 5, 6, 7].map { PieceIndex($0) }, to: storage)
    disk.put("T/a", Array(paged.bytes(ofFile: "T/a").prefix(4096)))
    try paged.write([PieceIndex(3)], to: storage)
    #expect(throws: StorageError.changedUnderneath(path: "out/T/a")) {
      try storage.finish(verified: paged.all)
    }
    try storage.close()
    let (again, verified) = try paged.begin(disk)
    #expect(verified == paged.set([0, 3, 4, 5, 6, 7]))
    try paged.write([1, 2].map { PieceIndex($0) }, to: again)
    try again.finish()
    #expect(paged.isExactly(on: disk))
  }

  @Test(arguments: [true, false])
  func holeInListedPiecesIsNotTrusted(isClean: Bool) throws {
    let (storage, _) = try paged.begin(disk)
    try paged.write([0, 1, 2].map { PieceIndex($0) }, to: storage)
    disk.put("T/a", Array(paged.bytes(ofFile: "T/a").prefix(4096)))
    try paged.write([PieceIndex(3)], to: storage)
    let listed = paged.set(0...3)
    if isClean {
      try storage.suspend(verified: listed)
    } else {
      try storage.saveProgress(verified: listed)
    }
    try storage.close()
    let inspection = try paged.storage(disk).inspect()
    #expect(inspection.trusted == paged.set([0, 3]))
    #expect(inspection.doubtful.contains(PieceIndex(1)))
  }

  @Test func zerosThatAreRightAreNoLoss() throws {
    let zeros = try StoredTorrent(
      name: "T", content: [UInt8](repeating: 0, count: 12288), pieceLength: 4096)
    try zeros.complete(disk)
    #expect(disk.paths == ["T"])
  }
}
