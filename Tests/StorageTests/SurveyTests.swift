import Primitives
import Storage
import TestSupport
import Testing

/// The cost of looking at all places of a torrent.
@Suite struct SurveyTests {
  @Test func aMissingFolderIsLookedForOnce() throws {
    let paths = ["a/x/1", "a/x/2", "a/x/y/3", "a/4", "b/5", "b/6", "7"]
    let stored = try StoredTorrent(files: paths.map { ($0, 100) }, pieceLength: 16384)
    let files = FaultyFileSystem(MemoryFileSystem())
    let storage = TorrentStorage(torrent: stored.torrent, folder: "/out", fileSystem: files)
    _ = try files.openRoot("/out", create: true)
    let inspection = try storage.inspect()
    #expect(inspection.files.allSatisfy { $0 == .missing })
    #expect(files.folderOpens == 1, "the torrent's own folder is not there")
  }

  @Test func whatIsBesideAMissingFolderIsFound() throws {
    let paths = ["a/x/1", "a/x/2", "a/y/3", "a/4", "b/x/5"]
    let stored = try StoredTorrent(files: paths.map { ($0, 100) }, pieceLength: 16384)
    let files = FaultyFileSystem(MemoryFileSystem())
    var folder = try files.openRoot("/out", create: true)
    for name: FileName in ["T", "a"] {
      try files.makeFolder(name, in: folder)
      folder = try files.openFolder(name, in: folder)
    }
    try files.makeFolder("y", in: folder)
    let file = try files.openFile("4", in: folder, .create(executable: false))
    try files.resize(file, to: 100)
    let before = files.folderOpens
    let storage = TorrentStorage(torrent: stored.torrent, folder: "/out", fileSystem: files)
    let found = try storage.inspect().files.map { $0 != .missing }
    #expect(found == [false, false, false, true, false])
    #expect(files.folderOpens - before == 5, "T, a, x, y, and b in T")
  }
}
