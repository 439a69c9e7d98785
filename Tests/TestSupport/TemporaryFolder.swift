import Foundation

/// A folder of its own for one test, removed when the last reference goes.
package final class TemporaryFolder: Sendable {
  /// The folder's absolute path.
  package let path: String

  /// Makes a fresh folder.
  ///
  /// - Throws: When the system's folder for temporary files can't be written.
  package init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "swift-torrent-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    // Nothing can be done about a folder that won't go; the system cleans up some day.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A path inside the folder.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Makes a folder inside the folder.
  ///
  /// - Throws: When it can't be made.
  /// - Returns: Its absolute path.
  @discardableResult
  package func makeFolder(_ name: String) throws -> String {
    let folder = file(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Writes a small file inside the folder.
  ///
  /// - Throws: When it can't be written.
  /// - Returns: Its absolute path.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}
