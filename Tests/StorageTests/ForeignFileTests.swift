import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// Files at the target that no state of ours lists: they are only read.
@Suite struct ForeignFileTests {
  private let disk = MemoryFileSystem()
  /// Piece 0 is all a; piece 1 is shared by a and b; piece 2 is b; piece 3 is shared by b and c.
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 96), ("b", 112), ("c", 48)], pieceLength: 64)
  }

  private func expectRefusal(_ path: String, changes: Int = 0) {
    #expect(throws: StorageError.outputExists(path: path)) { try stored.begin(disk) }
    #expect(disk.changes == changes)
  }

  @Test func fileWithOtherBytesIsRefusedAndNothingChanges() {
    stored.place(on: disk)
    disk.put("T/b", Array(repeating: 7, count: 112))
    expectRefusal("out/T/b")
    #expect(disk.bytes("T/b") == Array(repeating: 7, count: 112))
  }

  @Test func loneFileWithOtherBytesIsRefused() {
    disk.put("T/a", Array(repeating: 7, count: 96))
    expectRefusal("out/T/a")
  }

  @Test func shorterFileIsRefused() {
    stored.place(["T/a"], on: disk)
    disk.put("T/c", [])
    expectRefusal("out/T/c")
  }

  @Test func longerFileIsRefusedEvenIfAllPiecesMatch() {
    stored.place(on: disk)
    disk.put("T/c", stored.bytes(ofFile: "T/c") + [1])
    expectRefusal("out/T/c")
  }

  @Test func fullEmptyFileIsRefused() throws {
    let stored = try StoredTorrent(files: [("a", 96), ("e", 0)], pieceLength: 64)
    stored.place(["T/a"], on: disk)
    disk.put("T/e", [1])
    #expect(throws: StorageError.outputExists(path: "out/T/e")) { try stored.begin(disk) }
  }

  @Test func borderPieceBetweenTwoForeignFilesIsTheFaultOfOneOfThem() {
    stored.place(["T/a", "T/b"], on: disk)
    var bytes = stored.bytes(ofFile: "T/b")
    bytes[0] ^= 1
    disk.put("T/b", bytes)
    expectRefusal("out/T/a")
  }

  @Test func wholeFilesAreUsedAndOnlyTheMissingOneIsWritten() throws {
    stored.place(["T/a", "T/c"], on: disk)
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0]))
    try stored.write(stored.pieces[1...], to: storage)
    try storage.finish()
    #expect(stored.isExactly(on: disk))
  }

  @Test func borderPieceThatDiffersFromTheForeignFileIsRefusedWhenItComes() throws {
    stored.place(["T/a"], on: disk)
    var bytes = stored.bytes(ofFile: "T/a")
    bytes[95] ^= 1
    disk.put("T/a", bytes)
    let (storage, verified) = try stored.begin(disk)
    #expect(verified == stored.set([0]))
    try stored.write([stored.pieces[2]], to: storage)
    let before = disk.bytes("T/b")
    #expect(throws: StorageError.outputExists(path: "out/T/a")) {
      try stored.write([stored.pieces[1]], to: storage)
    }
    #expect(disk.bytes("T/a") == bytes)
    #expect(disk.bytes("T/b") == before)
  }

  @Test func overwriteChangesWhateverIsThere() throws {
    disk.put("T/a", Array(repeating: 7, count: 300))
    disk.put("T/b", stored.bytes(ofFile: "T/b"))
    disk.put("T.swift-torrent", Array("garbage".utf8))
    let (storage, verified) = try stored.begin(disk, overwrite: true)
    #expect(verified == stored.set([2]))
    try stored.write(stored.pieces.filter { !verified.contains($0) }, to: storage)
    try storage.finish()
    #expect(stored.isExactly(on: disk))
  }

  @Test func folderInAFilesPlaceIsRefused() {
    disk.put("T/b/inside", [1])
    #expect(throws: StorageError.notAFile(path: "out/T/b")) {
      try stored.begin(disk, overwrite: true)
    }
  }

  @Test func fileInAFoldersPlaceIsRefused() {
    disk.put("T", [1])
    #expect(throws: StorageError.notAFolder(path: "out/T")) {
      try stored.begin(disk, overwrite: true)
    }
  }

  @Test func fileThatAppearsMeanwhileIsNotTouched() throws {
    let (storage, _) = try stored.begin(disk)
    disk.put("T/b", [1, 2, 3])
    #expect(throws: StorageError.changedUnderneath(path: "out/T/b")) {
      try stored.write([stored.pieces[2]], to: storage)
    }
    #expect(disk.bytes("T/b") == [1, 2, 3])
  }
}
