import Foundation
import Metainfo
import TestSupport
import Testing

@Suite struct TorrentFixtureTests {
  private static let all = BadTorrents.all + NastyTorrents.all

  /// Run with `SWIFT_TORRENT_WRITE_FIXTURES=1` to write the files anew after a change of a recipe.
  @Test func committedFilesAreWhatTheRecipesMake() throws {
    if ProcessInfo.processInfo.environment["SWIFT_TORRENT_WRITE_FIXTURES"] == "1" {
      let folder = TorrentFixture.folder
      // It is no error when there is nothing to remove.
      try? FileManager.default.removeItem(at: folder)
      for fixture in Self.all {
        let file = folder.appending(path: fixture.file)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(fixture.bytes).write(to: file)
      }
    }
    for fixture in Self.all {
      #expect(
        FileManager.default.contents(atPath: fixture.path) == Data(fixture.bytes), "\(fixture)")
    }
  }

  @Test func everyCommittedFileHasARecipe() throws {
    let files = try ["Bad", "Nasty"].flatMap { folder in
      try FileManager.default.contentsOfDirectory(
        atPath: TorrentFixture.folder.appending(path: folder).path
      ).map { "\(folder)/\($0)" }
    }
    #expect(files.sorted() == Self.all.map(\.file).sorted())
  }

  @Test(arguments: BadTorrents.all)
  func badTorrentsAreRefusedWithTheirDefect(fixture: TorrentFixture) {
    guard case .refused(let message, let status) = fixture.expectation else {
      Issue.record("the fixture is not in the right table")
      return
    }
    do throws(MetainfoError) {
      _ = try TorrentMetainfo(bytes: fixture.bytes)
      Issue.record("it was accepted")
    } catch {
      #expect(error.description == message)
      #expect(error.isBadBencode == (status == 25))
    }
  }

  /// The names of the files on disk are tested with the storage.
  @Test(arguments: NastyTorrents.all)
  func nastyTorrentsLoad(fixture: TorrentFixture) throws {
    guard case .loads(let paths) = fixture.expectation else {
      Issue.record("the fixture is not in the right table")
      return
    }
    let torrent = try TorrentMetainfo(bytes: fixture.bytes)
    #expect(torrent.layout.files.count == paths.count)
    for file in torrent.layout.files { #expect(!file.path.isEmpty) }
  }
}
