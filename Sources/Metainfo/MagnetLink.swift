public import Primitives

/// A magnet link: the identity of a torrent, and places to begin the search for it (BEP 9, BEP 53).
///
/// Only the info-hash is required. Other invalid parameters are ignored, because they are common in
/// practice. An invalid selection of files is an error, however, since it would lead to the wrong
/// files.
public struct MagnetLink: Hashable, Sendable {
  /// A peer that the link names (`x.pe`).
  public struct PeerAddress: Hashable, Sendable {
    /// A host name or an address, without brackets.
    public let host: String
    /// The TCP port; never 0.
    public let port: UInt16
  }

  /// The maximum length of a link, in bytes.
  public static let lengthLimit = 64 << 10
  /// The maximum number of trackers, of web seeds and of peers; further ones are ignored.
  public static let listLimit = 100
  /// The highest file index that can be selected.
  static let fileLimit = 2_000_000

  /// The torrent's info-hash of version 1.
  public let infoHash: InfoHash
  /// The name to show until the torrent is known, on one line and safe for display (`dn`).
  public var name: String?
  /// The total size of all files in bytes, as claimed by the link (`xl`).
  public var length: Int64?
  /// The trackers without duplicates (`tr`).
  public var trackers: [String] = []
  /// The web seeds without duplicates (`ws`).
  public var webSeeds: [String] = []
  /// The peers to contact first, without duplicates (`x.pe`).
  public var peers: [PeerAddress] = []
  /// The indices of the files to download, as ascending and separate ranges; nil for all.
  public var selectedFiles: [ClosedRange<Int>]?

  /// Creates a link with an info-hash only.
  public init(infoHash: InfoHash) {
    self.infoHash = infoHash
  }

  /// Creates a link to a known torrent.
  public init(_ torrent: TorrentMetainfo) {
    infoHash = torrent.infoHash
    name = torrent.name
    length = torrent.geometry.totalLength
    trackers = Array(torrent.trackers.joined().prefix(Self.listLimit))
    webSeeds = Array(torrent.webSeeds.prefix(Self.listLimit))
  }

  /// Parses a magnet link, or a bare info-hash of 40 hexadecimal or 32 base32 digits.
  ///
  /// A link copied from a web page may contain HTML entities. A link from another URL may be
  /// percent-encoded as a whole or in part.
  public init(_ text: String) throws(MagnetError) {
    guard text.utf8.count <= Self.lengthLimit else { throw .tooLong(limit: Self.lengthLimit) }
    guard let link = MagnetText(text) else {
      guard Self.isBareHash(text) else { throw .notAMagnet }
      self.init(infoHash: try MagnetReader.readHash(text))
      return
    }
    var reader = MagnetReader()
    for parameter in link.parameters { try reader.read(parameter) }
    self = try reader.link()
  }

  /// Returns whether text is meant as a magnet link or an info-hash, and not as a path or a URL.
  public static func recognizes(_ text: String) -> Bool {
    MagnetText.recognizes(text) || isBareHash(text)
  }

  /// Returns whether text has the length and the digits of an info-hash, including version 2.
  private static func isBareHash(_ text: String) -> Bool {
    let isHex = text.utf8.allSatisfy { Hex.value(of: $0) != nil }
    switch text.utf8.count {
    case 2 * InfoHash.wireLength, 2 * InfoHash.version2Length: return isHex
    case 32: return Base32.decode(text) != nil
    default: return false
    }
  }
}

// MARK: - Writing

extension MagnetLink: CustomStringConvertible {
  /// The link as text.
  public var description: String { text(name: name?.utf8) }

  /// Returns the link to a torrent as text, with the torrent's name byte for byte.
  public static func text(of torrent: TorrentMetainfo) -> String {
    MagnetLink(torrent).text(name: Array(torrent.info.nameBytes.bytes))
  }

  private func text(name: (some Sequence<UInt8>)?) -> String {
    var text = "magnet:?xt=urn:btih:\(infoHash)"
    func add(_ key: String, _ value: some Sequence<UInt8>) {
      text += "&\(key)=\(PercentEncoding.encode(value))"
    }
    if let name { add("dn", name) }
    if let length { text += "&xl=\(length)" }
    for url in trackers { add("tr", url.utf8) }
    for url in webSeeds { add("ws", url.utf8) }
    for peer in peers {
      text += "&x.pe=" + (peer.host.contains(":") ? "[\(peer.host)]" : peer.host) + ":\(peer.port)"
    }
    if let selectedFiles {
      let ranges = selectedFiles.map { range in
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
      }
      text += "&so=" + ranges.joined(separator: ",")
    }
    return text
  }
}
