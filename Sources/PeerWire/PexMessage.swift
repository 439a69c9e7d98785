import Bencode
package import Primitives

/// A peer that another one is connected to, as peer exchange tells it (BEP 11).
package struct PexPeer: Hashable, Sendable {
  /// The properties of a peer, as the sender knows them.
  package struct Flags: OptionSet, Hashable, Sendable {
    /// The byte on the wire.
    package let rawValue: UInt8

    /// Takes the byte as it is, unknown bits included.
    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// It has everything, or wants nothing more.
    package static let isSeed = Flags(rawValue: 2)
    /// It has been dialled, so that it can be reached.
    package static let isReachable = Flags(rawValue: 0x10)
  }

  /// The endpoint on which it listens.
  package let endpoint: Endpoint
  /// Its properties, as the sender knows them.
  package let flags: Flags

  /// Creates a peer.
  package init(_ endpoint: Endpoint, flags: Flags = []) {
    self.endpoint = endpoint
    self.flags = flags
  }
}

/// The peers that the sender has connected to and lost since its last message (BEP 11).
package struct PexMessage: Equatable, Sendable {
  /// The number of peers of each kind that a message may name, except the first; more are not read.
  package static let peerLimit = 50

  /// Peers that were connected to.
  package var added: [PexPeer] = []
  /// Peers that were lost.
  package var dropped: [Endpoint] = []

  /// Creates a message that names no peer.
  package init() {}

  /// A Boolean value indicating whether the message names no peer.
  package var isEmpty: Bool { added.isEmpty && dropped.isEmpty }

  // MARK: - Reading

  /// Reads the payload of an extension message.
  ///
  /// Addresses that no peer can have and repetitions are left out; of those that are left the first
  /// `peerLimit` are kept, and half of them may be of either family. Throws
  /// `WireError.badExtensionMessage` when the payload is no bencoded dictionary.
  package init(payload: [UInt8]) throws(WireError) {
    guard payload.count <= PeerMessage.Limit.extended,
      let fields = ExtensionDictionary(payload)?.fields
    else { throw .badExtensionMessage(.peerExchange) }
    added = Self.mix(
      Self.peers(fields, "added", isIPv6: false), Self.peers(fields, "added6", isIPv6: true))
    dropped = Self.mix(
      Self.peers(fields, "dropped", isIPv6: false), Self.peers(fields, "dropped6", isIPv6: true)
    ).map(\.endpoint)
  }

  private static func peers(
    _ fields: BencodeDictionary, _ key: String, isIPv6: Bool
  ) -> [PexPeer] {
    let bytes = fields[key]?.bytes ?? []
    let size = isIPv6 ? 18 : 6
    let whole = bytes.prefix(bytes.count - bytes.count % size)
    let endpoints = Endpoint.readCompactList(whole, isIPv6: isIPv6) ?? []
    let flags = fields["\(key).f"]?.bytes ?? []
    // Flags that don't fit the list tell nothing.
    let fits = flags.count == endpoints.count
    var seen: Set<Endpoint> = []
    var peers: [PexPeer] = []
    for (endpoint, offset) in zip(endpoints, 0...) {
      guard peers.count < peerLimit else { break }
      guard endpoint.port != 0, endpoint.address.isPossiblePeer, seen.insert(endpoint).inserted
      else { continue }
      let byte = fits ? flags[flags.startIndex + offset] : 0
      peers.append(PexPeer(endpoint, flags: .init(rawValue: byte)))
    }
    return peers
  }

  private static func mix(_ first: [PexPeer], _ second: [PexPeer]) -> [PexPeer] {
    let share = min(second.count, max(peerLimit / 2, peerLimit - first.count))
    return Array(first.prefix(peerLimit - share)) + second.prefix(share)
  }

  // MARK: - Writing

  /// The payload of the extension message.
  package var payload: [UInt8] {
    var fields: [BencodeBytes: BencodeTree] = [:]
    for isIPv6 in [false, true] {
      let suffix = isIPv6 ? "6" : ""
      let added = added.filter { $0.endpoint.address.isIPv6 == isIPv6 }
      let dropped = dropped.filter { $0.address.isIPv6 == isIPv6 }
      if !added.isEmpty {
        fields[BencodeBytes("added\(suffix)")] = .bytes(added.flatMap(\.endpoint.compactBytes))
        fields[BencodeBytes("added\(suffix).f")] = .bytes(added.map(\.flags.rawValue))
      }
      if !dropped.isEmpty {
        fields[BencodeBytes("dropped\(suffix)")] = .bytes(dropped.flatMap(\.compactBytes))
      }
    }
    return BencodeTree.dictionary(fields).encodedBytes
  }
}
