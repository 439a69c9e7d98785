internal import Bencode
package import Primitives

/// A tracker's answer to an announce: BEP 3, compact peers of BEP 23, IPv6 peers of BEP 7.
///
/// Unknown keys are ignored, known ones with a value of the wrong type or out of range count as
/// absent, and keys need not be sorted. One odd byte never makes the rest of a reply useless: what is
/// sound is taken, and `defect` tells of the rest.
package struct AnnounceReply: Sendable, Equatable {
  /// A peer that a reply names by its host.
  package struct NamedPeer: Hashable, Sendable {
    /// The host's name.
    package let host: String
    /// The port; never 0.
    package let port: UInt16
  }

  /// The largest number of peers taken from one reply.
  package static let maximumPeers = 3000
  /// The largest number of peers taken from one reply that have a name and no address.
  package static let maximumNamedPeers = 8
  /// The longest `tracker id` kept, in bytes.
  package static let maximumTrackerIDLength = 256

  /// Peers, each once, in the order of the reply.
  package var peers: [Endpoint] = []
  /// Peers whose addresses have to be looked up (BEP 3), each once.
  package var namedPeers: [NamedPeer] = []
  /// A description of the unusable part of the reply.
  package var defect: String?
  /// When the tracker wants to be asked again.
  package var interval: Duration?
  /// How soon it may be asked again.
  package var minimumInterval: Duration?
  /// To be sent back with the next announce.
  package var trackerID: [UInt8]?
  /// What the tracker wants the user to know.
  package var warning: String?
  /// How many peers have everything.
  package var seeders: Int?
  /// How many peers lack something.
  package var leechers: Int?
  /// Our own address as the tracker sees it (BEP 24).
  package var externalAddress: IPAddress?

  /// Creates an empty reply.
  package init() {}

  /// Reads a reply's body.
  ///
  /// - Parameter body: The bencoded dictionary.
  /// - Throws: `.refused` with the tracker's `failure reason`, `.badReply` for what is no reply.
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

  /// Reads the dictionary that a reply is, and says what is odd about its form.
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

  /// A departure from bencoding that somebody who runs a tracker should hear of.
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

  /// The peers that can exist, each once, up to the bound.
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
