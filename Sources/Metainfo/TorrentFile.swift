public import Primitives

/// A file of a torrent.
public struct TorrentFile: Sendable {
  /// The attributes of a file, from its `attr` field (BEP 47).
  public struct Attributes: OptionSet, Hashable, Sendable {
    /// The bits, one for each attribute.
    public let rawValue: UInt8

    /// Creates a set from bits.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The file is executable.
    public static let executable = Attributes(rawValue: 1)
    /// The file is hidden.
    public static let hidden = Attributes(rawValue: 2)
    /// The file is padding between other files; it consists of zeros and is not stored.
    @inlinable public static var padding: Attributes { Attributes(rawValue: 4) }
    /// The file is a symbolic link, which is never created.
    @inlinable public static var symlink: Attributes { Attributes(rawValue: 8) }
  }

  /// The file's index in its torrent.
  public let index: Int
  /// The length in bytes.
  public let length: Int64
  /// The offset of the file within the torrent, in bytes.
  public let offset: Int64
  /// The attributes.
  public let attributes: Attributes
  private let torrentPath: TorrentPath
  /// The position of the MD5 sum in the source, if there is one.
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

  /// The folders and the name, exactly as in the torrent.
  ///
  /// The first component in a torrent of several files is the torrent's name. The names are
  /// untrusted: they may be empty, lead upwards, not be text, or equal those of another file. The
  /// names on disk are decided by `Storage`.
  public var path: [FileName] { torrentPath.names }

  /// The components as text, joined by slashes.
  ///
  /// Bytes that are not UTF-8 become U+FFFD, so two files can have the same text.
  public var displayPath: String {
    var bytes: [UInt8] = []
    appendPath(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the components, joined by slashes.
  public func appendPath(to bytes: inout [UInt8]) { torrentPath.append(to: &bytes) }

  /// Calls `body` with the bytes of each component, without allocating.
  package func forEachName(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    unsafe torrentPath.forEach(body)
  }

  /// The MD5 sum in hexadecimal, as given by the torrent; it is not verified.
  public var md5sum: String? {
    guard let sum else { return nil }
    let source = torrentPath.source
    return unsafe source.withUnsafeBufferPointer { bytes in
      var cursor = unsafe BencodeCursor(bytes, at: sum - source.startIndex)
      return unsafe DisplayText.decode(bytes[cursor.string()])
    }
  }

  /// A Boolean value indicating whether the file is padding, which is not stored.
  public var isPadding: Bool { attributes.contains(.padding) }

  /// A Boolean value indicating whether the file is executable.
  public var isExecutable: Bool { attributes.contains(.executable) }

  /// A Boolean value indicating whether the entry is a symbolic link.
  public var isSymlink: Bool { attributes.contains(.symlink) }

  /// A Boolean value indicating whether the file exists on disk: it is neither padding nor a
  /// symbolic link.
  public var isStored: Bool { !isPadding && !isSymlink }
}

extension TorrentFile: Hashable {
  /// Returns whether two files have the same properties.
  public static func == (left: TorrentFile, right: TorrentFile) -> Bool {
    left.index == right.index && left.length == right.length && left.offset == right.offset
      && left.attributes == right.attributes && left.path == right.path
      && left.md5sum == right.md5sum
  }

  /// Hashes the index, the offset and the length.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(index)
    hasher.combine(offset)
    hasher.combine(length)
  }
}
