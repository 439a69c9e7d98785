import Bencode
public import Hashing
public import Primitives

/// The contents of a torrent's `info` dictionary, which its info-hash covers (BEP 3).
///
/// They are separate from `TorrentMetainfo` because peers can send them too (BEP 9), and because
/// they alone can be verified by the info-hash.
public struct TorrentInfo: Sendable {
  /// The hash of the dictionary's original bytes.
  public let infoHash: InfoHash
  /// The dictionary's original bytes.
  public let originalBytes: ArraySlice<UInt8>
  /// The name of the file, or of the folder of files, exactly as in the torrent.
  ///
  /// It is untrusted, and need not be safe to use on disk.
  public let nameBytes: FileName
  /// The files and their division into pieces.
  public let layout: FileLayout
  /// A Boolean value indicating whether the files lie in a folder with the torrent's name.
  public let isMultiFile: Bool
  /// A Boolean value indicating whether the torrent is private: peers come from its trackers only
  /// (BEP 27).
  public let isPrivate: Bool
  /// The `source` field, by which private trackers distinguish otherwise equal torrents.
  public let source: String?
  /// A Boolean value indicating whether the torrent also has version 2 hashes (BEP 52), which are
  /// not used.
  public let isHybrid: Bool
  /// The oddities that were tolerated.
  public let warnings: [MetainfoWarning]
  /// The hashes of all pieces, a slice of the source.
  let pieceHashes: ArraySlice<UInt8>

  /// Parses a separate `info` dictionary, as sent by peers (BEP 9).
  public init(
    bytes: [UInt8], limits: MetainfoLimits = MetainfoLimits()
  ) throws(MetainfoError) {
    guard bytes.count <= limits.bytes else { throw .tooLarge(limit: limits.bytes) }
    let document: BencodeDocument
    do {
      document = try BencodeParser.parse(bytes, limits: limits.bencode(files: ["files"]))
    } catch {
      throw .bencode(error)
    }
    // The info-hash covers every byte.
    guard document.root.range == 0..<bytes.count else {
      throw .bencode(
        .malformed(.trailingBytes, offset: document.root.range.upperBound, path: BencodePath()))
    }
    guard let dictionary = document.root.dictionary else { throw .notADictionary }
    try self.init(
      dictionary, originalBytes: document.root.source,
      warnings: document.warnings.map { .bencode($0) },
      limits: limits)
  }

  /// Reads a parsed `info` dictionary with its original bytes.
  init(
    _ dictionary: BencodeDictionary, originalBytes: ArraySlice<UInt8>, warnings: [MetainfoWarning],
    limits: MetainfoLimits
  ) throws(MetainfoError) {
    var reader = InfoReader(
      fields: FieldReader(dictionary: dictionary, path: "info"), limits: limits,
      warnings: warnings)
    try reader.refuseVersionTwoOnly()
    nameBytes = try reader.readName()
    isMultiFile = reader.isMultiFile
    let pieceLength = try reader.readPieceLength()
    let files = try reader.readFiles(name: nameBytes, source: originalBytes)
    let geometry = try reader.readGeometry(files: files, pieceLength: pieceLength)
    pieceHashes = try reader.readPieceHashes(geometry: geometry)
    layout = FileLayout(files: files, geometry: geometry)
    isPrivate = dictionary["private"]?.integer == 1
    source = dictionary["source"]?.bytes.map { DisplayText.decode($0) }
    isHybrid = dictionary["meta version"]?.integer == 2
    self.warnings = reader.warnings
    self.originalBytes = originalBytes
    guard let hash = InfoHash(SHA1.digest(of: originalBytes).bytes) else {
      preconditionFailure("a SHA-1 digest is an info-hash")
    }
    infoHash = hash
  }

  /// The name as text for display; bytes that are not UTF-8 become U+FFFD.
  public var name: String { nameBytes.text }

  /// Returns the expected hash of a piece.
  public func pieceHash(_ piece: PieceIndex) -> PieceHash {
    let start = pieceHashes.startIndex + piece.value * PieceHash.length
    guard let hash = PieceHash(pieceHashes[start..<start + PieceHash.length]) else {
      preconditionFailure("a slice of a hash's length is a hash")
    }
    return hash
  }
}

/// The hash that verifies a piece: the SHA-1 digest of its bytes.
public typealias PieceHash = SHA1Digest
