public import Primitives

/// One file of a torrent.
public struct TorrentFile: Sendable {
  /// What the `attr` field says of a file (BEP 47).
  public struct Attributes: OptionSet, Hashable, Sendable {
    /// One bit an attribute.
    public let rawValue: UInt8

    /// Creates a set of bits.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The file may be run.
    public static let executable = Attributes(rawValue: 1)
    /// The file is hidden.
    public static let hidden = Attributes(rawValue: 2)
    /// The file is filling between other files, all zeros, and is not stored.
    @inlinable public static var padding: Attributes { Attributes(rawValue: 4) }
    /// The file is a symbolic link; ours never creates one.
    @inlinable public static var symlink: Attributes { Attributes(rawValue: 8) }
  }

  /// The number of the file in its torrent, from 0.
  public let index: Int
  /// The length in bytes.
  public let length: Int64
  /// Where the file begins, counted from the start of the torrent, in bytes.
  public let offset: Int64
  /// What the `attr` field says.
  public let attributes: Attributes
  private let torrentPath: TorrentPath
  /// Where the MD5 sum is in the source, if there is one.
  private let sum: Int?

  init(
    index: Int, length: Int64, offset: Int64, attributes: Attributes, path: TorrentPath, sum: Int?
  ) {
    self.index = index
    self.length = length
    self.offset = offset
    self.attributes = attributes
    torrentPath = path
    self.sum = sum
  }

  /// The folders and the name, exactly as the torrent has them.
  ///
  /// A torrent of several files has its name as the first component. The names come from strangers:
  /// they may be empty, lead upwards, be no text, or be those of another file too. What they are
  /// called on disk is for whoever writes there to decide.
  public var path: [FileName] { torrentPath.names }

  /// The components joined by slashes, as text; what is not UTF-8 in it shows as U+FFFD, so two
  /// files can have the same.
  public var displayPath: String {
    var bytes: [UInt8] = []
    appendPath(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the components, joined by slashes.
  public func appendPath(to bytes: inout [UInt8]) { torrentPath.append(to: &bytes) }

  /// Calls `body` with the bytes of each component, without making anything of its own.
  package func forEachName(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    torrentPath.forEach(body)
  }

  /// The MD5 sum in hexadecimal, as the torrent gives it; nobody checks it.
  public var md5sum: String? {
    guard let sum else { return nil }
    let source = torrentPath.source
    return source.withUnsafeBufferPointer { bytes in
      var cursor = BencodeCursor(bytes, at: sum - source.startIndex)
      return DisplayText.decode(bytes[cursor.string()])
    }
  }

  /// Whether the file is filling that is not stored.
  public var isPadding: Bool { attributes.contains(.padding) }

  /// Whether the file may be run.
  public var isExecutable: Bool { attributes.contains(.executable) }

  /// Whether the entry is a symbolic link.
  public var isSymlink: Bool { attributes.contains(.symlink) }

  /// Whether the file exists on disk: it is neither padding nor a symbolic link.
  public var isStored: Bool { !isPadding && !isSymlink }
}

extension TorrentFile: Hashable {
  /// Whether both say the same.
  public static func == (left: TorrentFile, right: TorrentFile) -> Bool {
    left.index == right.index && left.length == right.length && left.offset == right.offset
      && left.attributes == right.attributes && left.path == right.path
      && left.md5sum == right.md5sum
  }

  /// Hashes the number and the place.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(index)
    hasher.combine(offset)
    hasher.combine(length)
  }
}
