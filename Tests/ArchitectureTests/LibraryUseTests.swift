import Foundation
import TestSupport
import Testing

/// The public API is enough for a program of somebody else's: the one in README.md.
@Suite(.timeLimit(.minutes(5))) struct LibraryUseTests {
  @Test func theExampleOfTheReadmeCompiles() async throws {
    let outcome = try await typeCheck(try example())
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
  }

  @Test func theExampleIsCheckedWithPublicDeclarationsOnly() async throws {
    let outcome = try await typeCheck(try example() + "\nlet agent = ClientIdentity.userAgent\n")
    #expect(outcome.ending == .exited(1))
    #expect(outcome.errors.contains("'package' protection level"), "\(outcome.errors)")
  }

  private func example() throws -> String {
    let path = FixtureFolder.repositoryPath("README.md")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let chapter = try #require(text.range(of: "## Use as a library\n")).upperBound
    let start = try #require(text.range(of: "```swift\n", range: chapter..<text.endIndex))
      .upperBound
    let end = try #require(text.range(of: "```", range: start..<text.endIndex)).lowerBound
    let example = String(text[start..<end])
    #expect(example.split(separator: "\n", omittingEmptySubsequences: false).count <= 24)
    return example
  }

  /// Checks a file against the modules beside the tests, as code of no package.
  private func typeCheck(_ code: String) async throws -> ProcessRunner.Outcome {
    let folder = try TemporaryFolder()
    let file = try folder.write(code, to: "example.swift")
    let build = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let compiler = try #require(ProcessRunner.find("swiftc"), "swiftc is in PATH")
    let maps = ["CHashing", "CPosix"].flatMap {
      ["-Xcc", "-fmodule-map-file=\(build)/\($0).build/module.modulemap"]
    }
    return try await ProcessRunner.run(
      [compiler, "-typecheck", "-swift-version", "6", "-warnings-as-errors"]
        + ["-I", "\(build)/Modules"] + maps + [file], timeout: .seconds(100))
  }
}
