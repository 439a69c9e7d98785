public import Bencode

/// An oddity of a torrent that does not prevent it from loading.
public enum MetainfoWarning: Hashable, Sendable, CustomStringConvertible {
  /// The bencoding is not canonical.
  case bencode(BencodeWarning)
  /// An optional field is unusable and was ignored.
  case ignored(field: String)
  /// An optional field has an odd form but could be read.
  case oddForm(field: String)
  /// The torrent's name is not possible on disk, so another one is used.
  case unsafeName(String)
  /// A file's path is unsafe or not possible on disk, so another one is used.
  case unsafePath(file: Int, path: String)
  /// The entry is a symbolic link, which is never created.
  case skippedSymlink(path: String)
  /// Both `length` and `files` are present, and `files` is used.
  case lengthBesideFiles

  /// A one-clause description of the oddity.
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
