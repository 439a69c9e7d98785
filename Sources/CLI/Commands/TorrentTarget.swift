import Glibc
import Metainfo
import Primitives

/// The destination of a new torrent.
struct TorrentTarget {
  /// The file's path; nil for standard output.
  let path: String?

  /// Checks, before any work, that the torrent may be written to a place.
  ///
  /// - Parameters:
  ///   - place: The path of the file or of a folder; `-` means standard output.
  ///   - name: The name of the .torrent in a folder, without its extension.
  ///   - overwrites: True if an existing file may be replaced.
  ///   - tree: The absolute path of the torrent's data, if the torrent is created now.
  ///   - bytes: The bytes to write, if they are known; an existing file with the same bytes is
  ///     accepted.
  /// - Throws: The failure if the file exists and may not be replaced, or if it would lie inside
  ///   the data that the torrent describes.
  init(
    _ place: String, name: String, overwrites: Bool, tree: String? = nil, bytes: [UInt8]? = nil
  ) throws(CommandFailure) {
    guard place != "-" else {
      self.path = nil
      return
    }
    let path = Self.isFolder(place) ? Self.path(of: name, in: place) : place
    self.path = path
    let folder = AbsolutePath.of(Self.folder(of: path))
    if let tree, folder == tree || folder.hasPrefix(tree == "/" ? "/" : tree + "/") {
      throw CommandFailure(
        .badUsage, "\(path) would be inside the folder that the torrent describes",
        hint: "choose another place with -o FILE")
    }
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CommandFailure(.outputExists, "\(path) exists and is not a regular file")
    }
    let isThere = if let bytes { try Self.isFile(path, of: bytes) } else { false }
    guard overwrites || isThere else {
      throw CommandFailure(
        .outputExists, "\(path) exists", hint: "replace it with --overwrite")
    }
  }

  /// Writes the torrent; a file appears in one step.
  func write(_ bytes: [UInt8]) throws(CommandFailure) {
    guard let path else { return try Console.result(bytes) }
    let temporary = Self.temporary(for: path)
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure(temporary, errno) }
    var code = Console.write(bytes, to: descriptor)
    if close(descriptor) != 0, code == nil, errno != EINTR { code = errno }
    if code == nil, unsafe rename(temporary, path) != 0 { code = errno }
    guard let code else { return }
    unsafe unlink(temporary)
    throw Self.failure(path, code)
  }

  /// Returns whether a file has exactly these bytes.
  private static func isFile(_ path: String, of bytes: [UInt8]) throws(CommandFailure) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0, Int(status.st_size) == bytes.count else { return false }
    return try FileBytes.read(path, limit: bytes.count) == bytes
  }

  /// Returns whether a path is that of a folder, or can be nothing else.
  private static func isFolder(_ path: String) -> Bool {
    if path.hasSuffix("/") { return true }
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func path(of name: String, in folder: String) -> String {
    (folder.hasSuffix("/") ? folder : folder + "/") + name + ".torrent"
  }

  /// Returns the torrent's name as the stem of a file name, shortened if that would be too long.
  static func stem(for name: [UInt8]) -> String {
    // The name of an untrusted torrent must not lead to another folder.
    let safe = name.map { $0 == 0 || $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
    return shortened(
      String(decoding: safe, as: UTF8.self), to: longestName - ".torrent".utf8.count)
  }

  /// Returns the path of the file until it is complete.
  private static func temporary(for path: String) -> String {
    let end = ".\(getpid())"
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    return path[..<name.startIndex] + shortened(String(name), to: longestName - end.utf8.count)
      + end
  }

  /// The maximum length of a name on common file systems, in bytes.
  private static let longestName = 255

  /// Returns text shortened at a character to at most that many bytes.
  private static func shortened(_ text: String, to length: Int) -> String {
    guard text.utf8.count > length else { return text }
    var result = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      if count > length { break }
      result.append(scalar)
    }
    return String(result)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
    CommandFailure(
      code == ENOSPC || code == EDQUOT ? .diskFull : .inputOutputFailure,
      "\(path) cannot be written: \(Console.message(for: code))")
  }
}

extension TorrentTarget {
  /// Saves the torrent of a source to the path of `--save-torrent`, if that is given.
  static func save(_ torrent: TorrentMetainfo, _ invocation: Invocation) throws(CommandFailure) {
    guard let path = invocation.creation.outputPath else { return }
    let bytes = torrent.fileBytes
    let target = try TorrentTarget(
      path, name: stem(for: Array(torrent.info.nameBytes.bytes)),
      overwrites: invocation.creation.overwrites, bytes: bytes)
    try target.write(bytes)
  }
}
