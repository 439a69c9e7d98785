import Foundation
import Glibc
import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// Changes that others make to the files while a run works with them, and limits of the system.
@Suite struct DisturbanceTests {
  private let disk = PosixFileSystem()
  private let folder: TemporaryFolder
  private let stored: StoredTorrent

  init() throws {
    folder = try TemporaryFolder()
    stored = try StoredTorrent(files: [("a", 100), ("sub/b", 100)], pieceLength: 50)
  }

  private func begin(writing pieces: Range<Int>) throws -> TorrentStorage {
    let (storage, _) = try stored.begin(disk, folder: folder.path)
    try stored.write(pieces.map { PieceIndex($0) }, to: storage)
    return storage
  }

  @Test func removedOutputFolderIsNoticedWhenTheStateIsSaved() throws {
    let storage = try begin(writing: 0..<1)
    try FileManager.default.removeItem(atPath: folder.path)
    #expect(throws: StorageError.self) { try storage.saveProgress(verified: stored.set([0])) }
    // The file is open, but the next one cannot be made.
    #expect(throws: StorageError.folderRemoved(path: folder.path + "/T")) {
      try stored.write([PieceIndex(2)], to: storage)
    }
    #expect(throws: StorageError.self) { try storage.finish() }
    try storage.close()
    #expect(folder.status("") == nil)
  }

  @Test func removedOutputFolderIsNoticedAtTheEnd() throws {
    let storage = try begin(writing: 0..<4)
    try FileManager.default.removeItem(atPath: folder.path)
    #expect(throws: StorageError.folderMoved(path: folder.path)) { try storage.finish() }
  }

  @Test(arguments: [true, false])
  func movedOutputFolderIsNoticedAtTheEnd(anotherTakesItsPlace: Bool) throws {
    let storage = try begin(writing: 0..<4)
    let other = folder.path + " moved"
    #expect(rename(folder.path, other) == 0)
    defer { #expect(rename(other, folder.path) == 0) }
    if anotherTakesItsPlace { #expect(mkdir(folder.path, 0o755) == 0) }
    #expect(throws: StorageError.folderMoved(path: folder.path)) { try storage.finish() }
    // The data is not where it should be, and the state file, which says so, is still beside it.
    #expect(FileManager.default.fileExists(atPath: other + "/T.swift-torrent"))
    if anotherTakesItsPlace { #expect(rmdir(folder.path) == 0) }
  }

  /// The folder is open since the file was made in it, but its path leads there no more.
  @Test(arguments: [true, false])
  func movedFolderOfAFileIsNoticed(whenSaving: Bool) throws {
    let storage = try begin(writing: 0..<4)
    #expect(rename(folder.path + "/T/sub", folder.path + "/T/elsewhere") == 0)
    #expect(throws: StorageError.changedUnderneath(path: folder.path + "/T/sub/b")) {
      if whenSaving {
        try storage.saveProgress(verified: stored.set([0, 1, 2, 3]))
      } else {
        try storage.finish()
      }
    }
  }

  @Test func removedFileIsNoticed() throws {
    let storage = try begin(writing: 0..<4)
    unlink(folder.path + "/T/a")
    let error = StorageError.changedUnderneath(path: folder.path + "/T/a")
    #expect(throws: error) { try storage.saveProgress(verified: stored.all) }
    #expect(throws: error) { try storage.finish() }
    #expect(folder.status("T.swift-torrent") != nil)
    try storage.close()
    try stored.complete(disk, folder: folder.path)
    #expect(folder.bytes("T/a") == stored.bytes(ofFile: "T/a"))
  }

  @Test func fileReplacedByALinkIsNoticed() throws {
    let target = try TemporaryFolder()
    target.write("victim", Array(repeating: 7, count: 100))
    let storage = try begin(writing: 0..<1)
    try storage.saveProgress(verified: stored.set([0]))
    unlink(folder.path + "/T/a")
    #expect(symlink(target.path + "/victim", folder.path + "/T/a") == 0)
    try stored.write((1..<4).map { PieceIndex($0) }, to: storage)
    #expect(throws: StorageError.symlink(path: folder.path + "/T/a")) {
      try storage.saveProgress(verified: stored.all)
    }
    #expect(throws: StorageError.symlink(path: folder.path + "/T/a")) { try storage.finish() }
    #expect(folder.status("T.swift-torrent") != nil)
    #expect(target.bytes("victim") == Array(repeating: 7, count: 100))
  }

  @Test func fileReplacedByAnotherIsNoticed() throws {
    let storage = try begin(writing: 0..<4)
    try storage.saveProgress(verified: stored.all)
    // The old file keeps its number as long as it has a name.
    #expect(rename(folder.path + "/T/a", folder.path + "/T/kept") == 0)
    folder.write("T/a", Array(repeating: 7, count: 100))
    #expect(throws: StorageError.changedUnderneath(path: folder.path + "/T/a")) {
      try storage.finish()
    }
  }

  @Test func fileThatWasCutIsNoticedAtTheEnd() throws {
    let storage = try begin(writing: 0..<4)
    #expect(truncate(folder.path + "/T/a", 60) == 0)
    #expect(throws: StorageError.changedUnderneath(path: folder.path + "/T/a")) {
      try storage.finish()
    }
  }

  @Test func fewDescriptorsAreEnoughAlsoToSaveTheState() throws {
    let memory = MemoryFileSystem(descriptors: 9)
    let files = (0..<60).map { ("d\($0 % 7)/e/f\($0)", 30) }
    let stored = try StoredTorrent(files: files, pieceLength: 64)
    let (storage, _) = try stored.begin(memory)
    var done = stored.none
    for piece in stored.pieces {
      try stored.write([piece], to: storage)
      done.insert(piece)
      try storage.saveProgress(verified: done)
    }
    try storage.finish()
    try storage.close()
    #expect(stored.isExactly(on: memory))
    #expect(memory.mostOpen <= 9)
  }

  @Test func tooFewDescriptorsAreReported() throws {
    let memory = MemoryFileSystem(descriptors: 2)
    #expect(throws: StorageError.self) { try stored.complete(memory) }
  }

  @Test func readOnlyFolderIsReported() throws {
    let faulty = FaultyFileSystem(MemoryFileSystem())
    for (code, error) in [
      (EROFS, StorageError.readOnly(path: "out/T.swift-torrent")),
      (EACCES, .permissionDenied(path: "out/T.swift-torrent")),
    ] {
      let (storage, verified) = (stored.storage(faulty), stored.none)
      _ = try storage.inspect()
      faulty.fail("openat", with: code)
      #expect(throws: error) { try storage.prepare(verified: verified) }
      faulty.fail("openat", with: nil)
    }
  }
}
