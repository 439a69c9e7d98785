internal import Bencode
package import Primitives

/// A tracker's answer to an announce: BEP 3, compact peers of BEP 23, IPv6 peers of BEP 7.
///
/// Unknown keys are ignored, known ones with a value of the wrong type or out of range count as
/// absent, and keys need not be sorted. What has no effect on us never makes a reply useless.
package struct AnnounceReply: Sendable, Equatable {
  /// The largest number of peers taken from one reply.
  package static let maximumPeers = 3000
  /// The longest `tracker id` kept, in bytes.
  package static let maximumTrackerIDLength = 256

  /// Peers, each once, in the order of the reply.
  package var peers: [Endpoint] = []
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
    let root = try Self.parseDictionary(body)
    if let reason = root["failure reason"]?.bytes {
      throw .refused(Printable.text(reason))
    }
    interval = Self.duration(root["interval"])
    minimumInterval = Self.duration(root["min interval"])
    trackerID = root["tracker id"]?.bytes.flatMap {
      (1...Self.maximumTrackerIDLength).contains($0.count) ? Array($0) : nil
    }
    warning = root["warning message"]?.bytes.map { Printable.text($0) }
    seeders = Self.count(root["complete"])
    leechers = Self.count(root["incomplete"])
    externalAddress = root["external ip"]?.bytes
      .flatMap { IPAddress(networkBytes: $0)?.unmapped }
      .flatMap { $0.isPossiblePeer ? $0 : nil }
    guard root["peers"] != nil || root["peers6"] != nil || interval != nil else {
      throw .badReply("neither peers nor an interval")
    }
    peers = try Self.peers(in: root)
  }

  static func parseDictionary(_ body: [UInt8]) throws(TrackerError) -> BencodeDictionary {
    let document: BencodeDocument
    do throws(BencodeError) {
      document = try BencodeParser.parse(body, limits: BencodeLimits(depth: 8, tokens: 100_000))
    } catch {
      throw .badReply("\(error)")
    }
    guard let root = document.root.dictionary else { throw .badReply("no dictionary") }
    return root
  }

  static func count(_ value: BencodeValue?) -> Int? {
    value?.integer.flatMap { $0 >= 0 ? Int(clamping: $0) : nil }
  }

  private static func duration(_ value: BencodeValue?) -> Duration? {
    guard let seconds = value?.integer, seconds >= 0 else { return nil }
    return .seconds(min(seconds, 86_400))
  }

  private static func peers(in root: BencodeDictionary) throws(TrackerError) -> [Endpoint] {
    var found: [Endpoint] = []
    if let bytes = root["peers"]?.bytes {
      found += try compact(bytes, isIPv6: false)
    } else if let list = root["peers"]?.list {
      found += list.lazy.prefix(maximumPeers).compactMap(endpoint(of:))
    }
    if let bytes = root["peers6"]?.bytes {
      found += try compact(bytes, isIPv6: true)
    }
    return distinctPeers(found)
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

  private static func compact(
    _ bytes: ArraySlice<UInt8>, isIPv6: Bool
  ) throws(TrackerError) -> [Endpoint] {
    let size = isIPv6 ? 18 : 6
    guard bytes.count.isMultiple(of: size),
      let peers = Endpoint.readCompactList(bytes.prefix(size * maximumPeers), isIPv6: isIPv6)
    else { throw .badReply("\(isIPv6 ? "peers6" : "peers") of \(bytes.count) bytes") }
    return peers
  }

  /// A peer given as a dictionary; one whose `ip` is a name is ignored.
  private static func endpoint(of value: BencodeValue) -> Endpoint? {
    guard let text = value["ip"]?.text, text.utf8.count <= 45, let address = IPAddress(text),
      let number = value["port"]?.integer, let port = UInt16(exactly: number)
    else { return nil }
    return Endpoint(address: address, port: port)
  }
}
