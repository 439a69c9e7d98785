package import Primitives

/// One datagram of the DHT (BEP 5, "KRPC Protocol").
package struct KRPCMessage: Equatable, Sendable {
  /// The longest datagram that is read, in bytes.
  package static let maximumLength = 2048
  /// The longest datagram that we send, in bytes (BEP 32).
  package static let maximumSentLength = 1024
  /// The longest transaction id that is echoed, in bytes.
  static let maximumTransactionLength = 32

  /// What a message is about.
  package enum Body: Equatable, Sendable {
    /// Somebody asks.
    case query(KRPCQuery)
    /// The answer to a query.
    case reply(KRPCReply)
    /// A query was refused.
    case failure(KRPCFailure)
  }

  /// The bytes that join a reply to its query.
  package var transaction: [UInt8]
  /// What it is about.
  package var body: Body
  /// Whether the sender answers no queries (BEP 43).
  package var isReadOnly = false
  /// Where the sender sees the receiver (BEP 42).
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

/// What a node asks another.
package struct KRPCQuery: Equatable, Sendable {
  /// What it asks for.
  package enum Method: Equatable, Sendable {
    /// A sign of life.
    case ping
    /// The nodes that are closest to a point.
    case findNode(target: NodeID)
    /// Peers of a torrent, and the nodes that are closest to it.
    case getPeers(infoHash: NodeID, options: KRPCPeerOptions = KRPCPeerOptions())
    /// To remember the sender as a peer of a torrent.
    case announcePeer(infoHash: NodeID, announcement: PeerAnnouncement, token: [UInt8])
  }

  /// Who asks.
  package var sender: NodeID
  /// What for.
  package var method: Method
  /// The families of nodes that the reply should name; nil for the one that the query came by.
  package var wants: AddressFamilies?

  /// Creates a query.
  package init(sender: NodeID, method: Method, wants: AddressFamilies? = nil) {
    self.sender = sender
    self.method = method
    self.wants = wants
  }
}

/// How `get_peers` is meant (BEP 33).
package struct KRPCPeerOptions: Equatable, Sendable {
  /// Whether seeds are of no use to the asker.
  package var withoutSeeds = false
  /// Whether the asker wants to count the swarm.
  package var isScrape = false

  /// Peers of any kind, and no count.
  package init() {}
}

/// What we say of ourselves as a peer of a torrent.
package struct PeerAnnouncement: Equatable, Sendable {
  /// The TCP port; nil for the one that the datagram comes from.
  package var port: UInt16?
  /// Whether we have everything (BEP 33).
  package var isSeed: Bool

  /// Creates an announcement.
  package init(port: UInt16?, isSeed: Bool) {
    self.port = port
    self.isSeed = isSeed
  }
}

/// Kinds of addresses (the flags `n4` and `n6` of BEP 32).
package struct AddressFamilies: OptionSet, Sendable {
  /// One bit for each family.
  package let rawValue: Int

  /// Creates a set from its bits.
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// IPv4.
  package static let v4 = AddressFamilies(rawValue: 1)
  /// IPv6.
  package static let v6 = AddressFamilies(rawValue: 2)

  /// The family of an address.
  static func of(_ address: IPAddress) -> AddressFamilies { address.isIPv6 ? .v6 : .v4 }
}

/// The answer to a query; which fields are filled depends on what was asked.
package struct KRPCReply: Equatable, Sendable {
  /// The most nodes taken from each list of one reply: twice what is usual.
  static let maximumNodes = 16
  /// The most peers taken from one reply.
  static let maximumPeers = 200
  /// The longest token that is sent back, in bytes.
  static let maximumTokenLength = 128

  /// Who answers.
  package var sender: NodeID
  /// Nodes at IPv4 addresses.
  package var nodes: [NodeContact] = []
  /// Nodes at IPv6 addresses.
  package var nodes6: [NodeContact] = []
  /// Peers of the torrent.
  package var peers: [Endpoint] = []
  /// What `announce_peer` must bring along.
  package var token: [UInt8]?
  /// The stored seeds, for counting.
  package var seedFilter: BloomFilter?
  /// The stored peers that are no seeds, for counting.
  package var peerFilter: BloomFilter?

  /// Creates a reply that only says who answers.
  package init(sender: NodeID) {
    self.sender = sender
  }
}

/// Why a query was refused.
package struct KRPCFailure: Error, Equatable, Sendable {
  /// The code: 201 generic, 202 server, 203 protocol, 204 unknown method.
  package var code: Int
  /// The reason in words, at most 100 bytes of it.
  package var reason: String

  static let unknownMethod = KRPCFailure(code: 204, reason: "Method Unknown")

  static func malformed(_ reason: String) -> KRPCFailure {
    KRPCFailure(code: 203, reason: reason)
  }
}

/// Why a datagram is no message.
package enum KRPCError: Error, Equatable, Sendable {
  /// It is longer than any message.
  case tooLong(Int)
  /// It is not bencoded, for this reason.
  case malformed(String)
  /// It has no transaction id of at most 32 bytes.
  case noTransaction
  /// It is neither query nor reply nor error.
  case unknownKind
  /// It is a query that can't be served; the sender can be told why.
  case unusableQuery(transaction: [UInt8], KRPCFailure)
  /// It is a reply without the id of its sender.
  case replyWithoutSender
}
