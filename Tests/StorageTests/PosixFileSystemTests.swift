import Glibc
import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// The same storage on the real file system.
@Suite struct PosixFileSystemTests {
  private let disk = PosixFileSystem()
  private let folder: TemporaryFolder
  private let stored: StoredTorrent

  init() throws {
    folder = try TemporaryFolder()
    stored = try StoredTorrent(
      files: [("a", 70_000, ""), ("sub/b", 50_000, "x"), ("sub/e", 0, ""), ("c", 5, "")],
      pieceLength: 32_768)
  }

  private func isExact() -> Bool {
    stored.torrent.layout.files.allSatisfy {
      folder.bytes($0.displayPath) == stored.bytes(ofFile: $0.displayPath)
    } && folder.status("T.swift-torrent") == nil && folder.status("T.swift-torrent~") == nil
  }

  @Test func downloadIntoNothingLeavesExactlyTheFiles() throws {
    try stored.complete(disk, folder: folder.path)
    #expect(isExact())
    #expect(try #require(folder.status("T/sub/b")).st_mode & 0o100 != 0)
    #expect(try #require(folder.status("T/a")).st_mode & 0o111 == 0)
  }

  @Test func outputFolderIsMadeWithItsParents() throws {
    let stored = try StoredTorrent(name: "N", content: [1, 2, 3], pieceLength: 2)
    try stored.complete(disk, folder: folder.path + "/new/deep/")
    #expect(folder.bytes("new/deep/N") == [1, 2, 3])
  }

  @Test func interruptedRunIsResumed() throws {
    let (first, _) = try stored.begin(disk, folder: folder.path)
    try stored.write([stored.pieces[2]], to: first)
    try first.saveProgress(verified: stored.set([2]))
    try first.close()
    let (second, verified) = try stored.begin(disk, folder: folder.path)
    #expect(verified == stored.set([2]))
    try second.close()
    try stored.complete(disk, folder: folder.path)
    #expect(isExact())
  }

  @Test func fsyncWorks() throws {
    let storage = stored.storage(disk, folder: folder.path) { $0.fsync = true }
    _ = try storage.inspect()
    try storage.prepare(verified: stored.none)
    try stored.write(stored.pieces, to: storage)
    try storage.finish()
    #expect(isExact())
  }

  @Test func outputFolderMayBeALink() throws {
    let target = try TemporaryFolder()
    #expect(symlink(target.path, folder.path + "/link") == 0)
    try stored.complete(disk, folder: folder.path + "/link")
    #expect(target.bytes("T/c") == stored.bytes(ofFile: "T/c"))
  }

  @Test func linkInAFoldersPlaceIsRefused() throws {
    let target = try TemporaryFolder()
    mkdir(folder.path + "/T", 0o755)
    #expect(symlink(target.path, folder.path + "/T/sub") == 0)
    #expect(throws: StorageError.symlink(path: folder.path + "/T/sub")) {
      try stored.begin(disk, folder: folder.path, overwrite: true)
    }
    #expect(target.status("b") == nil)
  }

  @Test func linkInAFilesPlaceIsRefused() throws {
    let target = try TemporaryFolder()
    target.write("victim", [1, 2, 3])
    mkdir(folder.path + "/T", 0o755)
    #expect(symlink(target.path + "/victim", folder.path + "/T/a") == 0)
    #expect(throws: StorageError.symlink(path: folder.path + "/T/a")) {
      try stored.begin(disk, folder: folder.path, overwrite: true)
    }
    #expect(target.bytes("victim") == [1, 2, 3])
  }

  @Test func linkThatAppearsDuringTheDownloadIsRefused() throws {
    let target = try TemporaryFolder()
    target.write("victim", [1, 2, 3])
    let stored = try StoredTorrent(files: [("a", 70_000), ("sub/b", 50_000)], pieceLength: 32_768)
    let (storage, _) = try stored.begin(disk, folder: folder.path)
    mkdir(folder.path + "/T", 0o755)
    #expect(symlink(target.path + "/victim", folder.path + "/T/a") == 0)
    #expect(symlink(target.path, folder.path + "/T/sub") == 0)
    #expect(throws: StorageError.self) { try stored.write([stored.pieces[0]], to: storage) }
    #expect(throws: StorageError.symlink(path: folder.path + "/T/sub")) {
      try stored.write([stored.pieces[3]], to: storage)
    }
    #expect(target.bytes("victim") == [1, 2, 3])
    #expect(target.status("b") == nil)
  }

  @Test func linkInTheStateFilesPlaceIsRefused() throws {
    let target = try TemporaryFolder()
    target.write("victim", [])
    #expect(symlink(target.path + "/victim", folder.path + "/T.swift-torrent") == 0)
    #expect(throws: StorageError.symlink(path: folder.path + "/T.swift-torrent")) {
      try stored.begin(disk, folder: folder.path, overwrite: true)
    }
  }

  @Test func pipeInAFilesPlaceIsRefusedWithoutWaiting() throws {
    mkdir(folder.path + "/T", 0o755)
    #expect(mkfifo(folder.path + "/T/a", 0o644) == 0)
    #expect(throws: StorageError.notAFile(path: folder.path + "/T/a")) {
      try stored.begin(disk, folder: folder.path)
    }
  }

  @Test func secondRunIsLockedOut() throws {
    let (first, _) = try stored.begin(disk, folder: folder.path)
    try first.saveProgress(verified: stored.none)
    #expect(throws: StorageError.locked(path: folder.path + "/T.swift-torrent")) {
      try stored.begin(disk, folder: folder.path)
    }
    try first.close()
  }

  @Test func foreignFileKeepsItsBytesAndTimes() throws {
    mkdir(folder.path + "/T", 0o755)
    folder.write("T/a", Array(repeating: 9, count: 70_000))
    let before = try #require(folder.status("T/a"))
    #expect(throws: StorageError.outputExists(path: folder.path + "/T/a")) {
      try stored.begin(disk, folder: folder.path)
    }
    let after = try #require(folder.status("T/a"))
    #expect(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && before.st_ino == after.st_ino)
    #expect(folder.status("T.swift-torrent") == nil)
  }

  @Test func nameThatIsTooLongForTheSystemIsReported() throws {
    let long = String(repeating: "d", count: 200)
    let path = folder.path + "/" + Array(repeating: long, count: 30).joined(separator: "/")
    #expect(throws: StorageError.pathTooLong(path: path)) {
      try stored.begin(disk, folder: path)
    }
  }

  @Test func fileInTheOutputFoldersPlaceIsRefused() throws {
    folder.write("out", [1])
    let path = folder.path + "/out"
    #expect(throws: StorageError.notAFolder(path: path)) { try stored.begin(disk, folder: path) }
    let below = path + "/deeper"
    #expect(throws: StorageError.notAFolder(path: below)) { try stored.begin(disk, folder: below) }
  }

  @Test func threadsWriteAndReadAtOnce() async throws {
    let files = (0..<300).map { ("f\($0)", 1000) }
    let stored = try StoredTorrent(files: files, pieceLength: 700)
    let (storage, _) = try stored.begin(disk, folder: folder.path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for part in 0..<4 {
        group.addTask {
          for piece in stored.pieces where piece.value % 4 == part {
            try stored.write([piece], to: storage)
            let block = Block(
              piece: piece, offset: 0, length: stored.torrent.geometry.length(of: piece))
            var bytes = [UInt8](repeating: 0, count: block.length)
            try bytes.withUnsafeMutableBytes { try storage.read(block: block, into: $0) }
            #expect(bytes == stored.bytes(piece))
          }
        }
      }
      try await group.waitForAll()
    }
    try storage.finish()
    #expect(
      try {
        _ = try storage.inspect(); return try storage.check().isFull
      }())
  }

  @Test func holesOfARealFileAreFound() throws {
    let content = [UInt8](repeating: 0, count: 1 << 20)
    let stored = try StoredTorrent(name: "N", content: content, pieceLength: 1 << 16)
    folder.write("N", [])
    #expect(truncate(folder.path + "/N", content.count) == 0)
    let (storage, verified) = try stored.begin(disk, folder: folder.path)
    #expect(verified.isFull)
    try storage.finish()
  }
}
