import Hashing
package import Primitives

/// Fetches a torrent's `info` dictionary from several peers at once, and verifies it (BEP 9).
///
/// No peer is trusted. Peers may claim different lengths, so those with one claim form a group, and
/// a few groups at a time fetch; one that takes too long makes room for the next, so that honest
/// peers have their turn however many others lie. Within a group each piece is asked of one peer,
/// and of another when it does not come. If the whole has another hash than the torrent's, the
/// group fetches again from a single peer: either that one has lied, or the result tells who has.
///
/// The owner calls `nextRequests(now:)` after each event and once a second, and sends what it
/// returns. It bounds the number of peers. Memory: up to `activeGroupLimit` times the length
/// claimed.
package struct MetadataAssembler: Sendable {
  /// The longest `info` dictionary that is fetched, in bytes: 30 MiB.
  package static let sizeLimit = 30 << 20
  /// The number of different lengths that are fetched at the same time.
  static let activeGroupLimit = 3
  /// The number of pieces that one peer may owe.
  static let requestLimit = 4
  /// The time after which a piece may be requested again.
  static let repeatPause = Duration.seconds(3)
  /// The time that a peer may take for a piece.
  static let requestTimeout = Duration.seconds(20)
  /// The time for which a peer without the metadata is left alone, in seconds.
  static let absencePause = 20.0...70.0

  /// A request to be sent.
  package struct Request: Hashable, Sendable {
    /// The peer to ask, by the number under which it joined.
    package let peer: Int
    /// The piece to ask for.
    package let piece: Int
  }

  /// The outcome of a message.
  package struct Outcome: Equatable, Sendable {
    /// The `info` dictionary, once it is whole and has the torrent's hash.
    package var info: [UInt8]?
    /// Peers that have sent wrong bytes, in rising order; nothing more is asked of them.
    package var liars: [Int] = []
  }

  let infoHash: InfoHash
  var random: SeededRandom
  /// Peers by number; decisions walk over the groups' lists, which have an order.
  var peers: [Int: MetadataPeer] = [:]
  var groups: [MetadataGroup] = []
  private(set) var isComplete = false

  /// Starts without peers; the hash must be one of version 1.
  package init(infoHash: InfoHash, random: SeededRandom) {
    self.infoHash = infoHash
    self.random = random
  }

  /// Returns a length that a peer may claim; nil when it is out of range.
  static func acceptedSize(_ claimed: Int64) -> Int? {
    claimed > 0 && claimed <= Int64(sizeLimit) ? Int(claimed) : nil
  }

  // MARK: - Peers

  /// Adds a peer that claims this length in bytes, in `1...sizeLimit`; its first claim counts.
  package mutating func joined(_ peer: Int, size: Int) {
    guard peers[peer] == nil, (1...Self.sizeLimit).contains(size) else { return }
    peers[peer] = MetadataPeer(size: size)
    if let index = groups.firstIndex(where: { $0.size == size }) {
      groups[index].members.append(peer)
    } else {
      groups.append(MetadataGroup(size: size, firstMember: peer))
    }
  }

  /// Removes a peer; the pieces that it has sent stay if other peers can complete them.
  package mutating func left(_ peer: Int) {
    guard let record = peers.removeValue(forKey: peer),
      let index = groups.firstIndex(where: { $0.size == record.size })
    else { return }
    groups[index].members.removeAll { $0 == peer }
    if groups[index].members.isEmpty {
      groups.remove(at: index)
    } else if groups[index].soloist == peer {
      groups[index].restart()
    }
  }

  /// The number of peers that offer the metadata.
  package var peerCount: Int { peers.count }

  /// The bytes received of the copy with the most of them, and its length; nil before any claim.
  package var progress: (received: Int, size: Int)? {
    groups.map { (received: $0.receivedCount, size: $0.size) }.max { left, right in
      (left.received, -left.size) < (right.received, -right.size)
    }
  }

  /// Returns whether this peer takes part.
  package func contains(_ peer: Int) -> Bool { peers[peer] != nil }

  // MARK: - Answers

  /// Takes a peer's answer; its requests are not for us.
  ///
  /// Throws when the bytes cannot be the piece; the peer then no longer takes part.
  package mutating func received(
    _ message: MetadataMessage, from peer: Int, now: Instant
  ) throws(WireError) -> Outcome {
    guard !isComplete, let record = peers[peer],
      let index = groups.firstIndex(where: { $0.size == record.size })
    else { return Outcome() }
    switch message {
    case .request: return Outcome()
    case .reject(let piece):
      guard peers[peer]?.outstanding.removeValue(forKey: piece) != nil else { return Outcome() }
      putOff(peer, in: index, now: now)
      return Outcome()
    case .data(let piece, _, let bytes):
      // Late is better than never, but it must have been asked for.
      guard record.asked[piece] != nil else { return Outcome() }
      guard bytes.count == groups[index].length(of: piece) else {
        left(peer)
        throw .badExtensionMessage(.metadata)
      }
      peers[peer]?.delivered(piece, now: now)
      groups[index].store(bytes, as: piece, from: peer)
      return groups[index].isWhole ? judge(index) : Outcome()
    }
  }

  /// Leaves a peer that has nothing for us alone for a while; another peer gets its turn.
  mutating func putOff(_ peer: Int, in index: Int, now: Instant) {
    let pause = Double.random(in: Self.absencePause, using: &random)
    peers[peer]?.restsUntil = now + .seconds(pause)
    peers[peer]?.failures += 1
    peers[peer]?.outstanding = [:]
    if groups[index].soloist == peer { groups[index].restart() }
  }

  // MARK: - The verdict

  private mutating func judge(_ index: Int) -> Outcome {
    let whole = groups[index].bytes
    guard SHA1.digest(of: whole).bytes == infoHash.wireBytes else { return convict(index) }
    isComplete = true
    let liars = groups[index].exposedSenders
    for liar in liars { left(liar) }
    return Outcome(info: whole, liars: liars)
  }

  /// Handles wrong metadata: a sole sender has lied; after several, the next try has one sender.
  private mutating func convict(_ index: Int) -> Outcome {
    for peer in groups[index].members { peers[peer]?.forgetRequests() }
    let senders = groups[index].senders
    guard senders.count > 1 else {
      groups[index].restart()
      for liar in senders {
        groups[index].forgetDoubts(of: liar)
        left(liar)
      }
      return Outcome(liars: senders)
    }
    groups[index].rememberDoubts()
    groups[index].restart()
    groups[index].needsSolo = true
    return Outcome()
  }
}

/// The facts that are known of one peer.
struct MetadataPeer: Sendable {
  /// The length that it claims.
  let size: Int
  /// The times at which it was asked for pieces that have not come.
  var outstanding: [Int: Instant] = [:]
  /// The time at which it was last asked for each piece, in the present try.
  var asked: [Int: Instant] = [:]
  /// The end of the time in which it is not asked.
  var restsUntil = Instant.zero
  /// The number of times in a row that it had nothing, or did not answer.
  var failures = 0
  /// The number of times that it was asked for the whole alone.
  var soloCount = 0

  /// Notes a piece that came; the time for the others begins anew, because they queued behind it.
  mutating func delivered(_ piece: Int, now: Instant) {
    outstanding[piece] = nil
    for other in outstanding.keys { outstanding[other] = now }
    failures = 0
  }

  /// Forgets all requests, so that answers to them count as part of an earlier try.
  mutating func forgetRequests() {
    outstanding = [:]
    asked = [:]
  }
}
