import Glibc
import Metainfo
import Primitives
import Storage
import TestSupport
import Testing

/// The options for the layout of files and for preallocation.
@Suite struct LayoutOptionTests {
  private let memory = MemoryFileSystem()
  private let stored: StoredTorrent

  init() throws {
    stored = try StoredTorrent(files: [("a", 100), ("sub/b", 100)], pieceLength: 64)
  }

  private func complete(
    _ disk: any FileSystem, _ change: (inout StorageOptions) -> Void
  ) throws {
    let (storage, _) = try stored.begin(disk, change)
    try stored.write(stored.pieces, to: storage)
    try storage.finish()
    try storage.close()
  }

  @Test func flatFilesLieInTheOutputFolder() throws {
    try complete(memory) { $0.isFlat = true }
    #expect(memory.paths == ["a", "sub/b"])
    #expect(memory.bytes("sub/b") == stored.bytes(ofFile: "T/sub/b"))
  }

  @Test func flatStateFileNeverHasTheNameOfAFile() throws {
    let stored = try StoredTorrent(
      files: [("T.swift-torrent", 10), ("x", 10)], pieceLength: 16)
    let (storage, _) = try stored.begin(memory) { $0.isFlat = true }
    try stored.write(stored.pieces, to: storage)
    try storage.finish()
    #expect(memory.paths == ["T.swift-torrent", "x"])
    #expect(memory.bytes("T.swift-torrent") == stored.bytes(ofFile: "T/T.swift-torrent"))
  }

  @Test func flatMeansNothingForASingleFile() throws {
    let stored = try StoredTorrent(name: "N", content: [1, 2, 3], pieceLength: 2)
    let (storage, _) = try stored.begin(memory) { $0.isFlat = true }
    try stored.write(stored.pieces, to: storage)
    try storage.finish()
    #expect(memory.paths == ["N"])
  }

  @Test(arguments: [Preallocation.automatic, .none, .sparse, .full])
  func emptyFilesNeedNoRoom(preallocation: Preallocation) throws {
    let stored = try StoredTorrent(files: [("a", 100), ("e", 0)], pieceLength: 64)
    let (storage, _) = try stored.begin(memory) { $0.preallocation = preallocation }
    try stored.write(stored.pieces, to: storage)
    try storage.finish()
    try storage.close()
    #expect(stored.isExactly(on: memory))
  }

  @Test func withoutPreallocationFilesGrow() throws {
    let disk = FaultyFileSystem(memory)
    disk.fail("fallocate", with: EIO)
    disk.fail("ftruncate", with: EIO)
    try complete(disk) { $0.preallocation = .none }
    #expect(stored.isExactly(on: memory))
  }

  @Test func sparseFilesHaveTheirLengthAndReserveNothing() throws {
    let disk = FaultyFileSystem(memory)
    disk.fail("fallocate", with: EIO)
    let (storage, _) = try stored.begin(disk) { $0.preallocation = .sparse }
    try stored.write([PieceIndex(0)], to: storage)
    #expect(memory.bytes("T/a")?.count == 100)
    try storage.close()
  }

  @Test func fullReservationMakesAllFilesAtTheStart() throws {
    let (storage, _) = try stored.begin(memory) { $0.preallocation = .full }
    #expect(memory.bytes("T/a")?.count == 100)
    #expect(memory.bytes("T/sub/b")?.count == 100)
    try stored.write(stored.pieces, to: storage)
    try storage.finish()
    #expect(stored.isExactly(on: memory))
  }

  @Test(arguments: [EOPNOTSUPP, ENOSYS, EINVAL])
  func reservationThatCannotBeIsAnErrorOnlyWhenAskedFor(code: Int32) throws {
    let disk = FaultyFileSystem(memory)
    disk.fail("fallocate", with: code)
    #expect(throws: StorageError.cannotReserve(path: "out/T/a")) {
      try stored.begin(disk) { $0.preallocation = .full }
    }
    memory.delete("T")
    memory.delete("T.swift-torrent")
    try complete(disk) { _ in }
    #expect(stored.isExactly(on: memory))
  }

  @Test func fullReservationShowsAFullDiskAtTheStart() throws {
    let disk = FaultyFileSystem(memory)
    disk.fail("fallocate", with: ENOSPC)
    #expect(throws: StorageError.diskFull(path: "out/T/a")) {
      try stored.begin(disk) { $0.preallocation = .full }
    }
  }
}
