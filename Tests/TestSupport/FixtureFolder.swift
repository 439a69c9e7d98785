/// The paths of the repository and its fixtures, derived from this file's path.
package enum FixtureFolder {
  /// The top folder of the repository.
  package static let repository: String = {
    // Tests/TestSupport/FixtureFolder.swift is three levels below the top.
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return parts.joined(separator: "/")
  }()

  /// The folder of the committed fixtures.
  package static var path: String { repository + "/Fixtures" }

  /// Returns the path of a file or folder in the repository.
  package static func repositoryPath(_ relative: String) -> String { repository + "/" + relative }
}
