import Glibc

/// A temporary folder for the demo.
struct TemporaryFolder {
  /// The reason why the folder could not be created.
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String {
      "no temporary folder like \(path) could be created: \(String(cString: strerror(code)))"
    }
  }

  /// The absolute path.
  let path: String

  /// Creates an empty folder.
  init() throws(Failure) {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/swift-torrent-demo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(path: "\(base)/swift-torrent-demo-XXXXXX", code: errno)
    }
    path = template.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { String(cString: $0) } ?? base
    }
  }

  /// Reads a whole file of the folder; returns nil if that fails.
  func read(_ name: String) -> [UInt8]? {
    guard let file = fopen("\(path)/\(name)", "rb") else { return nil }
    defer { fclose(file) }
    guard fseek(file, 0, SEEK_END) == 0 else { return nil }
    let length = ftell(file)
    rewind(file)
    guard length >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: length)
    return fread(&bytes, 1, length, file) == length ? bytes : nil
  }

  /// Removes the folder and its files.
  func remove() {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        // The kernel refuses to unlink "." and "..", so they need no special case.
        unlink("\(path)/\(name)")
      }
      closedir(folder)
    }
    rmdir(path)
  }
}
