import Glibc

/// Paths as the system sees them.
enum AbsolutePath {
  /// The absolute path without links and dots, or the path itself when there is nothing there.
  static func of(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
