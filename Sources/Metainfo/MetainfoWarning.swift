public import Bencode

/// Something odd in a torrent that loads all the same.
public enum MetainfoWarning: Hashable, Sendable, CustomStringConvertible {
  /// The bencoding is not canonical.
  case bencode(BencodeWarning)
  /// A field that can be done without is unusable and was ignored.
  case ignored(field: String)
  /// A field that can be done without has an odd form, but could be read.
  case oddForm(field: String)
  /// The torrent's name was changed to a safe one, which the folder of its files has.
  case changedName(String)
  /// A file's path was changed to a safe one.
  case changedPath(file: Int, path: String)
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
    case .changedName(let name): "the torrent's name is unsafe; \(name) is used instead"
    case .changedPath(let file, let path):
      "the path of file \(file) is unsafe; \(path) is used instead"
    case .skippedSymlink(let path): "the symbolic link \(path) is not created"
    case .lengthBesideFiles: "\"info.length\" was ignored because the torrent has a list of files"
    }
  }
}
