import Foundation
import TestSupport
import Testing

/// What the README shows people to do is done here, word for word.
@Suite(
  .serialized, .timeLimit(.minutes(4)),
  .enabled(if: TestNeeds.missing(of: ["bash", "jq"]).isEmpty, "bash or jq is not installed"))
struct CookbookTests {
  /// One recipe of the README: its title and its lines.
  struct Recipe: Sendable, CustomStringConvertible {
    let title: String
    let script: String
    var description: String { title }
  }

  /// The recipes: under "Cookbook" each block of shell follows its title.
  static let recipes: [Recipe] = {
    let path = FixtureFolder.repositoryPath("README.md")
    let text = FileManager.default.contents(atPath: path).map {
      String(decoding: $0, as: UTF8.self)
    }
    let sections = (text ?? "").components(separatedBy: "\n## ")
    let cookbook = sections.first { $0.hasPrefix("Cookbook\n") } ?? ""
    return cookbook.components(separatedBy: "\n```sh\n").dropFirst().enumerated().map {
      number, block in
      let before = cookbook.components(separatedBy: "\n```sh\n")[number]
      let title = before.split(separator: "\n").last.map(String.init) ?? ""
      let script = block.components(separatedBy: "\n```").first ?? ""
      return Recipe(title: title, script: script)
    }
  }()

  @Test func thereAreRecipes() {
    #expect(Self.recipes.count >= 8)
  }

  /// Each runs in a folder with `app.torrent` and `data.torrent`, which a swarm serves, and a folder
  /// `photos`.
  @Test(arguments: recipes)
  func aRecipeWorks(recipe: Recipe) async throws {
    let scene = try BatchScene(count: 2)
    let swarm = try await scene.startSwarm()
    let (folder, manager) = (scene.folder, FileManager.default)
    try manager.moveItem(atPath: scene.torrent(0), toPath: folder.file("app.torrent"))
    try manager.moveItem(atPath: scene.torrent(1), toPath: folder.file("data.torrent"))
    try folder.makeFolder("photos")
    try folder.write(String(repeating: "a photo", count: 5000), to: "photos/one.jpg")
    try folder.write("a draft", to: "photos/two.tmp")
    try folder.makeFolder("bin")
    try manager.createSymbolicLink(
      atPath: folder.file("bin/swift-torrent"),
      withDestinationPath: try SwiftTorrentBinary.path())
    let fixtures = FixtureFolder.path
    try manager.createSymbolicLink(
      atPath: folder.file("Fixtures"), withDestinationPath: fixtures)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let outcome = try await ProcessRunner.run(
      ["bash", "-c", "cd '\(folder.path)' && set -eo pipefail\n\(recipe.script)"],
      timeout: .seconds(100),
      environment: ["PATH": "\(folder.path)/bin:\(path)", "HOME": folder.path])
    #expect(outcome.ending == .exited(0), "\(outcome.output)\(outcome.errors)")
    for process in swarm { await process.stop() }
  }
}
