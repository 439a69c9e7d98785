import Glibc

/// The resolution of paths by the system.
enum AbsolutePath {
  /// Returns the absolute path without links and dots, or the path itself if nothing is there.
  static func of(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}
