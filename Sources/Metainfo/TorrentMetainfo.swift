import Bencode
public import Primitives

/// A checked .torrent file of version 1 (BEP 3): what to download and where to ask for it.
///
/// Every size is checked with arithmetic that cannot overflow, every path is bounded, and the hash
/// is taken over the original bytes. What is odd around the `info` dictionary, which decides the hash,
/// is tolerated with a warning. Version 2 torrents without version 1 hashes are refused; hybrid
/// ones (BEP 52) load as version 1.
public struct TorrentMetainfo: Sendable {
  /// A node of the DHT that the torrent names (BEP 5).
  public struct Node: Hashable, Sendable {
    /// A host name or an address.
    public let host: String
    /// The UDP port.
    public let port: UInt16
  }

  /// What the info-hash covers.
  public let info: TorrentInfo
  /// The trackers by tier (BEP 12): `announce-list`, or else `announce`; empty when there are none.
  public let trackers: [[String]]
  /// The URLs of web seeds (BEP 19).
  public let webSeeds: [String]
  /// Nodes of the DHT to start from (BEP 5).
  public let nodes: [Node]
  /// When the torrent was made, in seconds since 1970.
  public let creationDate: Int64?
  /// A note by the author, safe to show; it may have several lines.
  public let comment: String?
  /// The program that made the torrent, safe to show.
  public let createdBy: String?
  /// The encoding of the strings, as the torrent claims it; ours reads UTF-8.
  public let encoding: String?
  /// What else the file says.
  public let otherFields: [OtherField]
  /// Oddities that were tolerated.
  public let warnings: [MetainfoWarning]

  /// Reads a .torrent file.
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

  /// The torrent that a magnet link names, once peers have sent what it is (BEP 9).
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
  /// A .torrent file of this torrent; `info` stands in it as it came.
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

// MARK: - What the info dictionary says

extension TorrentMetainfo {
  /// The hash of the original bytes of `info`.
  public var infoHash: InfoHash { info.infoHash }

  /// The name as text, to be shown; what is not UTF-8 in it is U+FFFD.
  public var name: String { info.name }

  /// The files, and how they lie in pieces.
  public var layout: FileLayout { info.layout }

  /// The number, length and place of the pieces.
  public var geometry: PieceGeometry { info.layout.geometry }

  /// Whether the files lie in a folder of the torrent's name.
  public var isMultiFile: Bool { info.isMultiFile }

  /// Whether peers may come from the trackers only (BEP 27).
  public var isPrivate: Bool { info.isPrivate }

  /// The `source` field, by which private trackers tell equal torrents apart.
  public var source: String? { info.source }

  /// The hash that a piece's bytes must have.
  public func pieceHash(_ piece: PieceIndex) -> PieceHash { info.pieceHash(piece) }
}
