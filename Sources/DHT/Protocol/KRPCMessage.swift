package import Primitives

/// One datagram of the DHT (BEP 5, "KRPC Protocol").
package struct KRPCMessage: Equatable, Sendable {
  /// The maximum length of a received datagram in bytes.
  package static let maximumLength = 2048
  /// The maximum length of a transaction id that we echo, in bytes.
  static let maximumTransactionLength = 32

  /// The type of a message and its content.
  package enum Body: Equatable, Sendable {
    /// A query.
    case query(KRPCQuery)
    /// The reply to a query.
    case reply(KRPCReply)
    /// An error in reply to a query.
    case failure(KRPCFailure)
  }

  /// The transaction id that links a reply to its query.
  package var transaction: [UInt8]
  /// The type of the message and its content.
  package var body: Body
  /// A Boolean value indicating whether the sender answers no queries (BEP 43).
  package var isReadOnly = false
  /// The receiver's address as seen by the sender (BEP 42).
  package var observed: Endpoint?

  /// Creates a message.
  package init(
    transaction: [UInt8], body: Body, isReadOnly: Bool = false, observed: Endpoint? = nil
  ) {
    self.transaction = transaction
    self.body = body
    self.isReadOnly = isReadOnly
    self.observed = observed
  }
}

/// A query from one node to another.
package struct KRPCQuery: Equatable, Sendable {
  /// The method of a query.
  package enum Method: Equatable, Sendable {
    /// Checks whether the node is alive.
    case ping
    /// Asks for the nodes closest to an id.
    case findNode(target: NodeID)
    /// Asks for peers of a torrent and the nodes closest to it.
    case getPeers(infoHash: NodeID, options: KRPCPeerOptions = KRPCPeerOptions())
    /// Announces the sender as a peer of a torrent.
    case announcePeer(infoHash: NodeID, announcement: PeerAnnouncement, token: [UInt8])
  }

  /// The id of the querying node.
  package var sender: NodeID
  /// The method.
  package var method: Method
  /// The families of nodes to return; nil for the family over which the query arrived.
  package var wants: AddressFamilies?

  /// Creates a query.
  package init(sender: NodeID, method: Method, wants: AddressFamilies? = nil) {
    self.sender = sender
    self.method = method
    self.wants = wants
  }
}

/// The options of `get_peers` (BEP 33).
package struct KRPCPeerOptions: Equatable, Sendable {
  /// A Boolean value indicating whether to leave out seeds.
  package var withoutSeeds = false
  /// A Boolean value indicating whether to return Bloom filters for counting the swarm.
  package var isScrape = false

  /// Creates options for peers of any kind, without filters.
  package init() {}
}

/// An announcement of ourselves as a peer of a torrent.
package struct PeerAnnouncement: Equatable, Sendable {
  /// The TCP port; nil for the source port of the datagram.
  package var port: UInt16?
  /// A Boolean value indicating whether we are a seed (BEP 33).
  package var isSeed: Bool

  /// Creates an announcement.
  package init(port: UInt16?, isSeed: Bool) {
    self.port = port
    self.isSeed = isSeed
  }
}

/// A set of address families (the flags `n4` and `n6` of BEP 32).
package struct AddressFamilies: OptionSet, Sendable {
  /// The bits, one for each family.
  package let rawValue: Int

  /// Creates a set from its bits.
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// IPv4.
  package static let v4 = AddressFamilies(rawValue: 1)
  /// IPv6.
  package static let v6 = AddressFamilies(rawValue: 2)

  /// Returns the family of an address.
  static func of(_ address: IPAddress) -> AddressFamilies { address.isIPv6 ? .v6 : .v4 }
}

/// The reply to a query, whose fields depend on the method.
package struct KRPCReply: Equatable, Sendable {
  /// The maximum number of nodes taken from each list of a reply: twice the usual number.
  static let maximumNodes = 16
  /// The maximum number of peers taken from a reply.
  static let maximumPeers = 200
  /// The maximum length of a token that we send back, in bytes.
  static let maximumTokenLength = 128

  /// The id of the replying node.
  package var sender: NodeID
  /// Nodes with IPv4 addresses.
  package var nodes: [NodeContact] = []
  /// Nodes with IPv6 addresses.
  package var nodes6: [NodeContact] = []
  /// Peers of the torrent.
  package var peers: [Endpoint] = []
  /// The token that a later `announce_peer` must include.
  package var token: [UInt8]?
  /// The Bloom filter of stored seeds.
  package var seedFilter: BloomFilter?
  /// The Bloom filter of stored peers that are not seeds.
  package var peerFilter: BloomFilter?

  /// Creates a reply with nothing but the sender's id.
  package init(sender: NodeID) {
    self.sender = sender
  }
}

/// The reason why a query was refused.
package struct KRPCFailure: Error, Equatable, Sendable {
  /// The error code: 201 generic, 202 server, 203 protocol, 204 unknown method.
  package var code: Int
  /// The error message, limited to 100 bytes when received.
  package var reason: String

  static let unknownMethod = KRPCFailure(code: 204, reason: "Method Unknown")

  static func malformed(_ reason: String) -> KRPCFailure {
    KRPCFailure(code: 203, reason: reason)
  }
}

/// The reason why a datagram is not a usable message.
package enum KRPCError: Error, Equatable, Sendable {
  /// The datagram exceeds the maximum length.
  case tooLong(Int)
  /// The datagram is not valid bencode, for this reason.
  case malformed(String)
  /// The datagram has no transaction id of at most 32 bytes.
  case noTransaction
  /// The datagram is neither a query nor a reply nor an error.
  case unknownKind
  /// The datagram is a query that cannot be answered; the sender can be told why.
  case unusableQuery(transaction: [UInt8], KRPCFailure)
  /// The datagram is a reply without the id of its sender.
  case replyWithoutSender
}
