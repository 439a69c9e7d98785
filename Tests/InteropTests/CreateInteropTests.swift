import Foundation
import TestSupport
import Testing

/// The torrent that `swift-torrent create` makes of a tree is the one that libtorrent makes.
@Suite(
  .timeLimit(.minutes(5)),
  .enabled(
    if: InteropClients.libtorrentPython != nil, "libtorrent is missing; Tests/run installs it"))
struct CreateInteropTests {
  private func infoHash(_ words: [String]) async throws -> String {
    let program = try SwiftTorrentBinary.path()
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let outcome = try await ProcessRunner.run(
      [
        "sh", "-c",
        "'\(program)' create \(quoted) --save-torrent - -q | '\(program)' info --json -",
      ])
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require((object as? [String: Any])?["info_hash"] as? String, "\(outcome.errors)")
  }

  private func libtorrentHash(_ words: [String]) async throws -> String {
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/libtorrent_create.py")
    let python = try #require(InteropClients.libtorrentPython)
    let outcome = try await ProcessRunner.run([python, script] + words)
    return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Files that share pieces, an empty one, odd names, and one that may be run.
  private func tree() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.makeFolder("tree/b/c")
    try folder.makeFolder("tree/B")
    let names = [
      ("tree/b.txt", 100_001), ("tree/b/c/x", 1), ("tree/b/ä ö", 70_000), ("tree/B/z", 0),
      ("tree/a-b", 16384), ("tree/b/run", 33_000),
    ]
    for (name, size) in names {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("tree/b/run"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("tree/link"), withDestinationPath: "b.txt")
    return folder
  }

  @Test(arguments: [16384, 65536, 1 << 20])
  func theInfoHashOfATreeIsThatOfLibtorrent(pieceLength: Int) async throws {
    let folder = try tree()
    let ours = try await infoHash([folder.file("tree"), "--piece-length", "\(pieceLength)"])
    let theirs = try await libtorrentHash([folder.file("tree"), "\(pieceLength)"])
    #expect(ours == theirs)
    let hidden = try await infoHash(
      [folder.file("tree"), "--piece-length", "\(pieceLength)", "--private"])
    let theirHidden = try await libtorrentHash([folder.file("tree"), "\(pieceLength)", "private"])
    #expect(hidden == theirHidden)
    #expect(hidden != ours)
  }

  @Test(arguments: ["tree/b.txt", "tree/b/run"])
  func theInfoHashOfAFileIsThatOfLibtorrent(name: String) async throws {
    let folder = try tree()
    let ours = try await infoHash([folder.file(name), "--piece-length", "32K"])
    let theirs = try await libtorrentHash([folder.file(name), "32768"])
    #expect(ours == theirs)
  }
}
