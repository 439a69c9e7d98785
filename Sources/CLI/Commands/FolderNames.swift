import Glibc

/// The names in a folder.
enum FolderNames {
  /// Returns the names, sorted by their bytes.
  ///
  /// - Throws: The failure if the folder cannot be read.
  static func sorted(in folder: [UInt8]) throws(CommandFailure) -> [[UInt8]] {
    let descriptor = unsafe withPath(folder) {
      unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw failure(folder, errno) }
    guard let stream = unsafe fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      throw failure(folder, code)
    }
    defer { unsafe closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let item = unsafe readdir(stream) else {
        if errno != 0 { throw failure(folder, errno) }
        break
      }
      let name = unsafe withUnsafeBytes(of: &item.pointee.d_name) {
        unsafe Array($0.prefix { $0 != 0 })
      }
      if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Calls `body` with a path, which need not be text, as a C string.
  static func withPath<Result>(
    _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    unsafe (path + [0]).map(CChar.init(bitPattern:)).withUnsafeBufferPointer { bytes in
      // An array with an element always has an address.
      unsafe withUnsafePointer(to: 0 as CChar) { unsafe body(bytes.baseAddress ?? $0) }
    }
  }

  /// Returns the failure of a call that concerns a file or folder.
  static func failure(_ path: [UInt8], _ code: Int32) -> CommandFailure {
    let shown = TerminalText.cleaned(utf8: path)
    return switch code {
    case ENOENT, ENOTDIR: CommandFailure(.sourceNotFound, "\(shown): no such file or folder")
    default: CommandFailure(.inputOutputFailure, "\(shown): \(Console.message(for: code))")
    }
  }
}
