import Foundation

/// A temporary folder of one test, removed when the last reference goes.
package final class TemporaryFolder: Sendable {
  /// The folder's absolute path.
  package let path: String

  /// Creates an empty folder.
  ///
  /// - Throws: An error if the system's temporary folder is not writable.
  package init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "swift-torrent-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    // Nothing can be done about a folder that cannot be removed; the system cleans up eventually.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Returns a path inside the folder.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Creates a subfolder.
  ///
  /// - Throws: An error if it cannot be created.
  /// - Returns: Its absolute path.
  @discardableResult
  package func makeFolder(_ name: String) throws -> String {
    let folder = file(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Writes a small file inside the folder.
  ///
  /// - Throws: An error if it cannot be written.
  /// - Returns: Its absolute path.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}
