import Bencode
public import Hashing
public import Primitives

/// What a torrent's `info` dictionary says: all that its info-hash covers (BEP 3).
///
/// It is apart from `TorrentMetainfo` because it can also come from peers (BEP 9), and because only
/// this part can be trusted by somebody who knows the hash.
public struct TorrentInfo: Sendable {
  /// The hash of the dictionary's bytes as they stood in the source.
  public let infoHash: InfoHash
  /// The dictionary's bytes as they stood in the source.
  public let originalBytes: ArraySlice<UInt8>
  /// The name of the file, or of the folder of files, exactly as the torrent has it.
  ///
  /// It comes from strangers, and need not be safe to use on disk.
  public let nameBytes: FileName
  /// The files, and how they lie in pieces.
  public let layout: FileLayout
  /// Whether the files lie in a folder of the torrent's name.
  public let isMultiFile: Bool
  /// Whether peers may come from the trackers only (BEP 27).
  public let isPrivate: Bool
  /// The `source` field, by which private trackers tell equal torrents apart.
  public let source: String?
  /// Whether the torrent has version 2 hashes too (BEP 52), which are not used yet.
  public let isHybrid: Bool
  /// Oddities that were tolerated.
  public let warnings: [MetainfoWarning]
  /// The hashes of all pieces, a slice of the source.
  let pieceHashes: ArraySlice<UInt8>

  /// Reads an `info` dictionary on its own, as peers send it (BEP 9).
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
    // The hash that named it covers every byte.
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

  /// Reads a parsed `info` dictionary whose exact bytes are `originalBytes`.
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

  /// The name as text, to be shown; what is not UTF-8 in it is U+FFFD.
  public var name: String { nameBytes.text }

  /// The number, length and place of the pieces.
  public var geometry: PieceGeometry { layout.geometry }

  /// The hash that a piece's bytes must have.
  public func pieceHash(_ piece: PieceIndex) -> PieceHash {
    let start = pieceHashes.startIndex + piece.value * PieceHash.length
    guard let hash = PieceHash(pieceHashes[start..<start + PieceHash.length]) else {
      preconditionFailure("a slice of a hash's length is a hash")
    }
    return hash
  }
}

/// By what a piece is verified: what `SHA1` makes of its bytes.
public typealias PieceHash = SHA1Digest
