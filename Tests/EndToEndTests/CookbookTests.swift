import Foundation
import TestSupport
import Testing

/// The README's recipes are followed here, word for word, in every state.
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

  /// The situation that a recipe finds when it begins.
  enum State: String, Sendable, CaseIterable {
    /// Nothing is in `downloads`, and a swarm has the data.
    case ready
    /// The data is in `downloads` already, every byte of it.
    case complete
    /// Files from elsewhere are in `downloads`, of the right length, with a wrong byte in each.
    case damaged
    /// There is no torrent, and no folder to make one of.
    case sourceMissing
    /// Neither the tracker nor a peer can be reached.
    case swarmDown
  }

  /// The end of a recipe in each state, and the data that is right and in place after it.
  struct Expectation: Sendable {
    /// The beginning of the recipe's title.
    let title: String
    /// The exit status in each state, in the order of the states.
    let statuses: [Int32]
    /// The numbers of the torrents whose data it is about.
    var data: [Int] = []
    /// True if it mends data that came from elsewhere.
    var mends = false
  }

  static let expectations = [
    Expectation(title: "Stop a script", statuses: [0, 0, 13, 3, 6], data: [1]),
    // The recipe is about a torrent that is missing anyway.
    Expectation(title: "Tell failures apart", statuses: [0, 0, 0, 0, 0]),
    Expectation(title: "Fetch a list", statuses: [0, 0, 13, 3, 6], data: [0, 1]),
    Expectation(title: "Process each download", statuses: [0, 0, 13, 3, 6], data: [0, 1]),
    Expectation(title: "Follow a download", statuses: [0, 0, 13, 3, 6], data: [1]),
    Expectation(title: "Read a torrent", statuses: [0, 0, 0, 3, 0]),
    // Without peers the torrent itself does not come, so the bound on that ends it.
    Expectation(title: "Download from a magnet link", statuses: [0, 0, 13, 3, 2], data: [1]),
    Expectation(title: "Check data", statuses: [0, 0, 0, 3, 6], data: [0], mends: true),
    Expectation(title: "Create a torrent", statuses: [0, 0, 0, 3, 0]),
    Expectation(title: "Try out a torrent", statuses: [0, 0, 0, 3, 0]),
    Expectation(title: "Install the manual page", statuses: [0, 0, 0, 0, 0]),
  ]

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

  @Test func everyRecipeIsHeldToItsEndings() {
    #expect(Self.recipes.count == Self.expectations.count)
    for (recipe, expected) in zip(Self.recipes, Self.expectations) {
      #expect(recipe.title.hasPrefix(expected.title))
      #expect(expected.statuses.count == State.allCases.count)
    }
  }

  /// A recipe and its expected ends.
  struct Dish: Sendable, CustomStringConvertible {
    let recipe: Recipe
    let expected: Expectation
    var description: String { recipe.title }
  }

  static let dishes = zip(recipes, expectations).map(Dish.init)

  @Test(arguments: dishes, State.allCases)
  func aRecipeEndsAsItShould(_ dish: Dish, in state: State) async throws {
    let kitchen = try await Kitchen(state)
    let outcome = try await kitchen.cook(dish.recipe.script)
    let number = try #require(State.allCases.firstIndex(of: state))
    let status = dish.expected.statuses[number]
    let said = "\(outcome.output)\(outcome.errors)"
    #expect(outcome.ending == .exited(status), "\(said)")
    for data in dish.expected.data {
      let isComplete = kitchen.scene.isComplete(data, in: "downloads")
      #expect(isComplete == (status == 0), "data \(data) in downloads; \(said)")
      guard state == .damaged, !dish.expected.mends else { continue }
      let bytes = FileManager.default.contents(atPath: kitchen.file("downloads/data \(data)"))
      #expect(bytes == kitchen.damaged[data], "what came from elsewhere was changed")
    }
    if status == 3 { #expect(said.contains("no such file"), "\(said)") }
    if status == 13 { #expect(said.contains("--overwrite"), "\(said)") }
    await kitchen.close()
  }
}

/// A folder in which recipes work: `app.torrent` and `data.torrent`, which a swarm serves, a folder
/// `photos`, and the program in the `PATH`.
private struct Kitchen {
  let scene: BatchScene
  /// The wrong data of each torrent, if there is such.
  private(set) var damaged: [Int: Data] = [:]
  private let swarm: [ChildProcess]

  init(_ state: CookbookTests.State) async throws {
    scene = try BatchScene(count: 2)
    swarm = try await scene.startSwarm()
    let (folder, manager) = (scene.folder, FileManager.default)
    try folder.makeFolder("bin")
    let fixtures = FixtureFolder.path
    try manager.createSymbolicLink(
      atPath: folder.file("Fixtures"), withDestinationPath: fixtures)
    let program = try SwiftTorrentBinary.path()
    if state == .swarmDown {
      for process in swarm { await process.stop() }
      // Nobody waits five minutes for data that will not come.
      try folder.write(
        """
        #!/bin/sh
        case $1 in
          info|verify|create|completions|tracker|seed) exec '\(program)' "$@" ;;
          *) exec '\(program)' "$@" --peers-timeout 4s --metadata-timeout 4s ;;
        esac

        """, to: "bin/swift-torrent")
      try manager.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.file("bin/swift-torrent"))
    } else {
      try manager.createSymbolicLink(
        atPath: folder.file("bin/swift-torrent"), withDestinationPath: program)
    }
    if state != .sourceMissing {
      try manager.moveItem(atPath: scene.torrent(0), toPath: folder.file("app.torrent"))
      try manager.moveItem(atPath: scene.torrent(1), toPath: folder.file("data.torrent"))
      try folder.makeFolder("photos")
      try folder.write(String(repeating: "a photo", count: 5000), to: "photos/one.jpg")
      try folder.write("a draft", to: "photos/two.tmp")
    } else {
      for number in 0..<2 { try manager.removeItem(atPath: scene.torrent(number)) }
    }
    if state == .complete {
      try manager.copyItem(atPath: folder.file("have"), toPath: folder.file("downloads"))
    } else if state == .damaged {
      try folder.makeFolder("downloads")
      for number in 0..<2 {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file("have/data \(number)")))
        bytes[1000] ^= 1
        damaged[number] = bytes
        try bytes.write(to: URL(fileURLWithPath: file("downloads/data \(number)")))
      }
    }
  }

  func file(_ name: String) -> String { scene.folder.file(name) }

  /// Runs a script as a user would who wants to know whether it worked.
  func cook(_ script: String) async throws -> ProcessRunner.Outcome {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try await ProcessRunner.run(
      ["bash", "-c", "cd '\(scene.folder.path)' && set -eo pipefail\n\(script)"],
      timeout: .seconds(100),
      environment: ["PATH": "\(scene.folder.path)/bin:\(path)", "HOME": scene.folder.path])
  }

  func close() async {
    for process in swarm { await process.stop() }
  }
}
