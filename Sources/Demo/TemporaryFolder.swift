import Glibc

/// A temporary folder for the demo.
struct TemporaryFolder {
  /// The reason why the folder could not be created.
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String {
      unsafe "no temporary folder like \(path) could be created: \(String(cString: strerror(code)))"
    }
  }

  /// The absolute path.
  let path: String

  /// Creates an empty folder.
  init() throws(Failure) {
    let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/swift-torrent-demo-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw Failure(path: "\(base)/swift-torrent-demo-XXXXXX", code: errno)
    }
    path = unsafe template.withUnsafeBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe String(cString: $0) } ?? base
    }
  }

  /// Reads a whole file of the folder; returns nil if that fails.
  func read(_ name: String) -> [UInt8]? {
    guard let file = unsafe fopen("\(path)/\(name)", "rb") else { return nil }
    defer { unsafe fclose(file) }
    guard unsafe fseek(file, 0, SEEK_END) == 0 else { return nil }
    let length = unsafe ftell(file)
    unsafe rewind(file)
    guard length >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: length)
    return unsafe fread(&bytes, 1, length, file) == length ? bytes : nil
  }

  /// Removes the folder and its files.
  func remove() {
    if let folder = unsafe opendir(path) {
      while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
            unsafe String(cString: $0)
          }
        }
        // The kernel refuses to unlink "." and "..", so they need no special case.
        unsafe unlink("\(path)/\(name)")
      }
      unsafe closedir(folder)
    }
    unsafe rmdir(path)
  }
}
