import Bencode
public import Primitives

/// A validated .torrent file of version 1 (BEP 3): the files, their hashes, and the places to get
/// them from.
///
/// All sizes are computed without overflow, and all paths are bounded. The info-hash is that of the
/// original bytes. Oddities outside the `info` dictionary are tolerated with a warning. Version 2
/// torrents without version 1 hashes are refused, and hybrid ones (BEP 52) load as version 1.
public struct TorrentMetainfo: Sendable {
  /// A DHT node that the torrent names (BEP 5).
  public struct Node: Hashable, Sendable {
    /// A host name or an address.
    public let host: String
    /// The UDP port.
    public let port: UInt16
  }

  /// The part that the info-hash covers.
  public let info: TorrentInfo
  /// The trackers by tier (BEP 12), from `announce-list` or else from `announce`.
  public let trackers: [[String]]
  /// The URLs of web seeds (BEP 19).
  public let webSeeds: [String]
  /// The DHT nodes to start from (BEP 5).
  public let nodes: [Node]
  /// The date of creation in seconds since 1970.
  public let creationDate: Int64?
  /// The author's comment, which may have several lines; safe for display.
  public let comment: String?
  /// The program that created the torrent; safe for display.
  public let createdBy: String?
  /// The encoding of the strings, as claimed by the torrent; all strings are read as UTF-8.
  public let encoding: String?
  /// The fields that the program does not use.
  public let otherFields: [OtherField]
  /// The oddities that were tolerated.
  public let warnings: [MetainfoWarning]

  /// Parses a .torrent file.
  public init(
    bytes: [UInt8], limits: MetainfoLimits = MetainfoLimits()
  ) throws(MetainfoError) {
    guard bytes.count <= limits.bytes else { throw .tooLarge(limit: limits.bytes) }
    let document: BencodeDocument
    do {
      document = try BencodeParser.parse(
        bytes, limits: limits.bencode(files: ["info", "files"]), tolerance: .outside(key: "info"))
    } catch {
      throw .bencode(error)
    }
    guard let dictionary = document.root.dictionary else { throw .notADictionary }
    let fields = FieldReader(dictionary: dictionary, path: "")
    info = try TorrentInfo(
      try fields.dictionary("info"), originalBytes: try fields.value("info").source,
      warnings: document.warnings.map { .bencode($0) }, limits: limits)
    var reader = AnnounceReader(dictionary: dictionary, limits: limits, warnings: info.warnings)
    trackers = reader.readTrackers()
    webSeeds = reader.readWebSeeds()
    nodes = reader.readNodes()
    creationDate = reader.readCreationDate()
    comment = reader.readText("comment")
    createdBy = reader.readText("created by")
    encoding = reader.readText("encoding")
    otherFields = OtherFieldReader.read(dictionary, info: dictionary["info"]?.dictionary)
    warnings = reader.warnings
  }

  /// Creates the torrent of a magnet link from an `info` dictionary sent by peers (BEP 9).
  ///
  /// Each tracker of the link is a tier of its own.
  public init(_ info: TorrentInfo, link: MagnetLink) {
    self.info = info
    trackers = link.trackers.map { [$0] }
    webSeeds = link.webSeeds
    nodes = []
    creationDate = nil
    comment = nil
    createdBy = nil
    encoding = nil
    otherFields = []
    warnings = info.warnings
  }
}

// MARK: - Writing

extension TorrentMetainfo {
  /// The bytes of a .torrent file, which contain the original `info` dictionary.
  public var fileBytes: [UInt8] {
    var fields: [BencodeBytes: BencodeTree] = ["info": .encoded(Array(info.originalBytes))]
    if let first = trackers.first?.first {
      fields["announce"] = .bytes(first.utf8)
      if trackers.count > 1 || trackers[0].count > 1 {
        fields["announce-list"] = .list(trackers.map { .list($0.map { .bytes($0.utf8) }) })
      }
    }
    if !webSeeds.isEmpty { fields["url-list"] = .list(webSeeds.map { .bytes($0.utf8) }) }
    if !nodes.isEmpty {
      fields["nodes"] = .list(
        nodes.map { .list([.bytes($0.host.utf8), .integer(Int64($0.port))]) })
    }
    fields["comment"] = comment.map { .bytes($0.utf8) }
    fields["created by"] = createdBy.map { .bytes($0.utf8) }
    fields["creation date"] = creationDate.map { .integer($0) }
    return BencodeTree.dictionary(fields).encodedBytes
  }
}

// MARK: - Contents of the info dictionary

extension TorrentMetainfo {
  /// The hash of the original bytes of `info`.
  public var infoHash: InfoHash { info.infoHash }

  /// The name as text for display; bytes that are not UTF-8 become U+FFFD.
  public var name: String { info.name }

  /// The files and their division into pieces.
  public var layout: FileLayout { info.layout }

  /// The number, lengths and offsets of the pieces.
  public var geometry: PieceGeometry { info.layout.geometry }

  /// A Boolean value indicating whether the files lie in a folder with the torrent's name.
  public var isMultiFile: Bool { info.isMultiFile }

  /// A Boolean value indicating whether the torrent is private: peers come from its trackers only
  /// (BEP 27).
  public var isPrivate: Bool { info.isPrivate }

  /// The `source` field, by which private trackers distinguish otherwise equal torrents.
  public var source: String? { info.source }

  /// Returns the expected hash of a piece.
  public func pieceHash(_ piece: PieceIndex) -> PieceHash { info.pieceHash(piece) }
}
