import Foundation

/// A locator of the program itself, for tests that run it as a user would.
package enum SwiftTorrentBinary {
  /// Returns the path of the executable: `SWIFT_TORRENT_BINARY`, or the one built beside the tests.
  ///
  /// - Throws: An error if there is none.
  /// - Returns: An absolute path.
  package static func path() throws -> String {
    let chosen = ProcessInfo.processInfo.environment["SWIFT_TORRENT_BINARY"]
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let path = chosen ?? tests.appendingPathComponent("swift-torrent").path
    guard access(path, X_OK) == 0 else {
      throw ProcessError.conditionNotMet("the program is built at \(path) (SWIFT_TORRENT_BINARY)")
    }
    return path
  }
}
