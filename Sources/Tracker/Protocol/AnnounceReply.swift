internal import Bencode
package import Primitives

/// A tracker's reply to an announce: BEP 3, with compact peers (BEP 23) and IPv6 peers (BEP 7).
///
/// Unknown keys are ignored, and keys need not be sorted. A known key whose value has the wrong
/// type or is out of range counts as absent. One odd byte never makes the whole reply useless: the
/// valid parts are used, and `defect` describes the rest.
package struct AnnounceReply: Sendable, Equatable {
  /// A peer that a reply gives by host name.
  package struct NamedPeer: Hashable, Sendable {
    /// The host name.
    package let host: String
    /// The port; never 0.
    package let port: UInt16
  }

  /// The maximum number of peers taken from one reply.
  package static let maximumPeers = 3000
  /// The maximum number of peers with a host name taken from one reply.
  package static let maximumNamedPeers = 8
  /// The maximum length of a `tracker id` that is kept, in bytes.
  package static let maximumTrackerIDLength = 256

  /// The peers without duplicates, in the order of the reply.
  package var peers: [Endpoint] = []
  /// The peers whose host names must be resolved (BEP 3), without duplicates.
  package var namedPeers: [NamedPeer] = []
  /// A description of the unusable part of the reply.
  package var defect: String?
  /// The interval after which the tracker expects the next announce.
  package var interval: Duration?
  /// The minimum interval between announces.
  package var minimumInterval: Duration?
  /// The tracker's opaque `tracker id`, to be sent with the next announce.
  package var trackerID: [UInt8]?
  /// A message from the tracker to the user.
  package var warning: String?
  /// The number of seeds.
  package var seeders: Int?
  /// The number of leeches.
  package var leechers: Int?
  /// Our own address as the tracker sees it (BEP 24).
  package var externalAddress: IPAddress?

  /// Creates an empty reply.
  package init() {}

  /// Parses a reply's body.
  ///
  /// - Parameter body: The bencoded dictionary.
  /// - Throws: `.refused` with the tracker's `failure reason`, or `.badReply` if the body is not a
  ///   reply.
  package init(parsing body: [UInt8]) throws(TrackerError) {
    let (root, warning) = try Self.parseDictionary(body)
    let list = PeerList(root)
    if let reason = root["failure reason"]?.bytes, !reason.isEmpty || !list.isThere {
      throw .refused(Printable.text(reason))
    }
    interval = Self.duration(root["interval"])
    minimumInterval = Self.duration(root["min interval"])
    trackerID = root["tracker id"]?.bytes.flatMap {
      (1...Self.maximumTrackerIDLength).contains($0.count) ? Array($0) : nil
    }
    self.warning = root["warning message"]?.bytes.map { Printable.text($0) }
    seeders = Self.count(root["complete"])
    leechers = Self.count(root["incomplete"])
    externalAddress = root["external ip"]?.bytes
      .flatMap { IPAddress(networkBytes: $0)?.unmapped }
      .flatMap { $0.isPossiblePeer ? $0 : nil }
    peers = Self.distinctPeers(list.endpoints)
    namedPeers = list.named
    defect = list.defect ?? warning
    guard list.isSound || interval != nil else {
      throw .badReply(list.defect ?? "neither peers nor an interval")
    }
  }

  /// Parses a reply's dictionary and describes the first oddity of its encoding.
  static func parseDictionary(
    _ body: [UInt8]
  ) throws(TrackerError) -> (root: BencodeDictionary, oddity: String?) {
    let document: BencodeDocument
    do throws(BencodeError) {
      document = try BencodeParser.parse(
        body, limits: BencodeLimits(depth: 8, tokens: 100_000), tolerance: .everywhere)
    } catch {
      throw .badReply("\(error)")
    }
    guard let root = document.root.dictionary else { throw .badReply("no dictionary") }
    return (root, document.warnings.lazy.compactMap(oddity).first)
  }

  /// Returns the description of a departure from bencoding that a tracker's operator should fix.
  private static func oddity(_ warning: BencodeWarning) -> String? {
    switch warning {
    case .unsortedKeys, .trailingWhiteSpace: nil
    case .leadingBytes, .trailingBytes, .duplicateKey, .misspeltNumber: "\(warning)"
    }
  }

  static func count(_ value: BencodeValue?) -> Int? {
    value?.integer.flatMap { $0 >= 0 ? Int(clamping: $0) : nil }
  }

  private static func duration(_ value: BencodeValue?) -> Duration? {
    guard let seconds = value?.integer, seconds >= 0 else { return nil }
    return .seconds(min(seconds, 86_400))
  }

  /// Returns the peers that can exist, without duplicates, up to `maximumPeers`.
  static func distinctPeers(_ found: [Endpoint]) -> [Endpoint] {
    var seen: Set<Endpoint> = []
    var peers: [Endpoint] = []
    for endpoint in found where peers.count < maximumPeers {
      let peer = Endpoint(address: endpoint.address.unmapped, port: endpoint.port)
      guard peer.port != 0, peer.address.isPossiblePeer, seen.insert(peer).inserted else {
        continue
      }
      peers.append(peer)
    }
    return peers
  }
}
