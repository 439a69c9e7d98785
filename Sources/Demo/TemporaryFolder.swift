import Glibc

/// A folder of our own below the system's one for temporary files.
struct TemporaryFolder {
  /// Why there is no such folder.
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String {
      "a temporary folder like \(path) could not be made: \(String(cString: strerror(code)))"
    }
  }

  /// The absolute path.
  let path: String

  /// Makes an empty folder.
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

  /// Reads a file of the folder whole; nil when it cannot be read.
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

  /// Removes the folder and the files in it.
  func remove() {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        // "." and ".." are refused by the kernel, which is as good as skipping them.
        unlink("\(path)/\(name)")
      }
      closedir(folder)
    }
    rmdir(path)
  }
}
