/// One file of a torrent.
public struct TorrentFile: Hashable, Sendable {
  /// What the `attr` field says of a file (BEP 47).
  public struct Attributes: OptionSet, Hashable, Sendable {
    /// One bit an attribute.
    public let rawValue: UInt8

    /// Creates a set of bits.
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The file may be run.
    public static let executable = Attributes(rawValue: 1)
    /// The file is hidden.
    public static let hidden = Attributes(rawValue: 2)
    /// The file is filling between other files, all zeros, and is not stored.
    public static let padding = Attributes(rawValue: 4)
    /// The file is a symbolic link; ours never creates one.
    public static let symlink = Attributes(rawValue: 8)
  }

  /// The number of the file in its torrent, from 0.
  public let index: Int
  /// The folders and the name, safe to use below an output folder: no component is empty, `.` or
  /// `..`, or holds a separator or a control character.
  ///
  /// A torrent of several files has its name as the first component. No two stored files share a
  /// path, not even on a file system that ignores case.
  public let path: [String]
  /// The length in bytes.
  public let length: Int64
  /// Where the file begins, counted from the start of the torrent, in bytes.
  public let offset: Int64
  /// What the `attr` field says.
  public let attributes: Attributes
  /// The MD5 sum in hexadecimal, as the torrent gives it; nobody checks it.
  public let md5sum: String?

  /// Whether the file is filling that is not stored.
  public var isPadding: Bool { attributes.contains(.padding) }

  /// Whether the file may be run.
  public var isExecutable: Bool { attributes.contains(.executable) }

  /// Whether the entry is a symbolic link.
  public var isSymlink: Bool { attributes.contains(.symlink) }

  /// Whether the file exists on disk: it is neither padding nor a symbolic link.
  public var isStored: Bool { !isPadding && !isSymlink }

  /// The components joined by slashes, for messages.
  public var displayPath: String { path.joined(separator: "/") }
}
