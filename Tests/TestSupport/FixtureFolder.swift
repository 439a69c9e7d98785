/// Where the repository and its fixtures are, found from this file's own place.
package enum FixtureFolder {
  /// The repository's top folder.
  package static let repository: String = {
    // Tests/TestSupport/FixtureFolder.swift is three steps below the top.
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return parts.joined(separator: "/")
  }()

  /// The folder of committed fixtures.
  package static var path: String { repository + "/Fixtures" }

  /// A file or folder below the repository's top.
  package static func repositoryPath(_ relative: String) -> String { repository + "/" + relative }
}
