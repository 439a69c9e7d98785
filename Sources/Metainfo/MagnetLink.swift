public import Primitives

/// A magnet link: the identity of a torrent, and where to begin to look for it (BEP 9, BEP 53).
///
/// Only the hash is needed. Other parameters that make no sense are left out, because links in the
/// wild are full of them; but a selection of files must be right, or the wrong files would come.
public struct MagnetLink: Hashable, Sendable {
  /// A peer that the link names (`x.pe`).
  public struct PeerAddress: Hashable, Sendable {
    /// A host name or an address, without brackets.
    public let host: String
    /// The TCP port; never 0.
    public let port: UInt16
  }

  /// The longest link that is read, in bytes.
  public static let lengthLimit = 64 << 10
  /// How many trackers, web seeds and peers are kept, of each; further ones are left out.
  public static let listLimit = 100
  /// The highest index of a file that can be selected.
  static let fileLimit = 2_000_000

  /// The torrent, by its version 1 hash.
  public let infoHash: InfoHash
  /// The name to show until the torrent is known, safe to show, on one line (`dn`).
  public var name: String?
  /// The size of all files in bytes, as the link claims it (`xl`).
  public var length: Int64?
  /// The trackers, each once (`tr`).
  public var trackers: [String] = []
  /// The web seeds, each once (`ws`).
  public var webSeeds: [String] = []
  /// Peers to ask first, each once (`x.pe`).
  public var peers: [PeerAddress] = []
  /// The files to fetch, counted from 0, as ranges in rising order that don't touch; nil for all.
  public var selectedFiles: [ClosedRange<Int>]?

  /// A link that holds nothing but the hash.
  public init(infoHash: InfoHash) {
    self.infoHash = infoHash
  }

  /// The link to a torrent that is known.
  public init(_ torrent: TorrentMetainfo) {
    infoHash = torrent.infoHash
    name = torrent.name
    length = torrent.geometry.totalLength
    trackers = Array(torrent.trackers.joined().prefix(Self.listLimit))
    webSeeds = Array(torrent.webSeeds.prefix(Self.listLimit))
  }

  /// Reads a magnet link, or a bare info-hash of 40 hexadecimal or 32 base32 digits.
  ///
  /// A link may come from a web page, with its characters written as HTML writes them, or from
  /// another URL, percent-encoded as a whole or in part.
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

  /// Whether text is meant to be a magnet link or an info-hash, and not a path or a URL.
  public static func recognizes(_ text: String) -> Bool {
    MagnetText.recognizes(text) || isBareHash(text)
  }

  /// Whether it has the length and the digits of a hash, of version 2 as well.
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

  /// The link to a torrent as text, which holds the torrent's name byte for byte.
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
