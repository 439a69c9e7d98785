public import Bencode

/// Something odd in a torrent that loads all the same.
public enum MetainfoWarning: Hashable, Sendable, CustomStringConvertible {
  /// The bencoding is not canonical.
  case bencode(BencodeWarning)
  /// A field that can be done without is unusable and was ignored.
  case ignored(field: String)
  /// A field that can be done without has an odd form, but could be read.
  case oddForm(field: String)
  /// The torrent's name cannot be that of a file or folder, so another one is used.
  case unsafeName(String)
  /// A file's path leads elsewhere or cannot exist, so another one is used.
  case unsafePath(file: Int, path: String)
  /// A symbolic link, which is never created.
  case skippedSymlink(path: String)
  /// Both `length` and `files` are there; `files` counts.
  case lengthBesideFiles

  /// One clause that names the oddity.
  public var description: String {
    switch self {
    case .bencode(let warning): "\(warning)"
    case .ignored(let field): "the field \"\(field)\" is not usable and was ignored"
    case .oddForm(let field): "the field \"\(field)\" has an unusual form but could be read"
    case .unsafeName(let name):
      "the torrent's name \"\(name)\" is unsafe; another one is used instead"
    case .unsafePath(let file, let path):
      "the path of file \(file + 1), \"\(path)\", is unsafe; another one is used instead"
    case .skippedSymlink(let path): "the symbolic link \(path) is not created"
    case .lengthBesideFiles: "\"info.length\" was ignored because the torrent has a list of files"
    }
  }
}
