package import Primitives

// The connected peers, and the pieces that they have.

extension PieceBoard {
  /// The blocks that hide a short round trip.
  private static let leastShare = 2

  /// Adds a peer, which has nothing yet.
  package mutating func peerJoined(_ peer: PeerNumber) { peerJoined(peer, Dealings()) }

  mutating func peerJoined(_ peer: PeerNumber, _ dealings: Dealings) {
    guard !peers.contains(peer) else { return }
    peers.insert(peer, Peer(pieces: Bitfield(count: geometry.pieceCount)), dealings)
    counts.unproven += 1
  }

  /// Records that the peer has one more piece.
  package mutating func peerHas(_ peer: PeerNumber, _ piece: PieceIndex) {
    let interest = isInteresting(piece) ? 1 : 0
    var isNew = false
    var isSeed = false
    peers.change(peer) { record in
      isNew = record.pieces.insert(piece)
      if isNew { record.interesting += interest }
      isSeed = record.isSeed
    }
    guard isNew else { return }
    order.rarity.gained(piece)
    if isSeed {
      for piece in geometry.pieces { order.rarity.lost(piece) }
      becameSeed(peer)
    }
  }

  /// Records that the peer has these pieces, and those that it had before.
  package mutating func peerHas(_ peer: PeerNumber, _ pieces: Bitfield) {
    guard let before = peers[peer]?.pieces, pieces.count == before.count, !before.isFull else {
      return
    }
    guard !pieces.isFull else {
      before.forEach { order.rarity.lost($0) }
      peers.change(peer) { $0.pieces = pieces }
      return becameSeed(peer)
    }
    guard before.isEmpty else {
      var new: [PieceIndex] = []
      pieces.forEach { if !before.contains($0) { new.append($0) } }
      for piece in new { peerHas(peer, piece) }
      return
    }
    var interesting = 0
    pieces.forEach { piece in
      order.rarity.gained(piece)
      if isInteresting(piece) { interesting += 1 }
    }
    peers.change(peer) { record in
      record.pieces = pieces
      record.interesting = interesting
    }
  }

  /// Removes a peer: its owed blocks are free, or owed by the other peer that was asked.
  package mutating func peerLeft(_ peer: PeerNumber) {
    guard let gone = peers[peer] else { return }
    for slot in actives.indices { releaseAll(inSlot: slot, by: peer) }
    if gone.isSeed {
      counts.seeds -= 1
      if gone.isLive { counts.liveSeeds -= 1 }
    } else {
      gone.pieces.forEach { order.rarity.lost($0) }
    }
    if gone.isSnubbed { counts.snubbed -= 1 }
    if gone.isChoking { counts.choking -= 1 }
    if gone.isSuspect { counts.suspects -= 1 }
    if !gone.isProven { counts.unproven -= 1 }
    counts.rate -= Int64(gone.rate)
    peers.remove(peer)
  }

  /// Records that the peer chokes us, and takes back the blocks that it owed.
  ///
  /// Its started pieces stay its claims, so that it continues them when it unchokes us. Until then
  /// other peers may take their free blocks.
  package mutating func choked(_ peer: PeerNumber, returning blocks: [Block]) {
    for block in blocks { release(block, by: peer) }
    setChoking(peer, true)
  }

  /// Records that the peer unchokes us.
  package mutating func unchoked(_ peer: PeerNumber) { setChoking(peer, false) }

  mutating func setChoking(_ peer: PeerNumber, _ isChoking: Bool) {
    var change = 0
    peers.change(peer) { record in
      if record.isChoking != isChoking { change = isChoking ? 1 : -1 }
      record.isChoking = isChoking
    }
    counts.choking += change
  }

  private mutating func becameSeed(_ peer: PeerNumber) {
    counts.seeds += 1
    if peers[peer]?.isLive == true { counts.liveSeeds += 1 }
  }

  // MARK: - Facts about peers

  /// Returns whether the peer has this piece.
  package func has(_ peer: PeerNumber, _ piece: PieceIndex) -> Bool {
    peers[peer]?.pieces.contains(piece) ?? false
  }

  /// Returns whether the peer has every piece.
  package func isSeed(_ peer: PeerNumber) -> Bool { peers[peer]?.isSeed ?? false }

  /// The connected peers that lack a piece.
  var leechers: [PeerNumber] {
    guard hasLeechers else { return [] }
    return peers.records.indices.filter { !peers.records[$0].isSeed }.map { peers.numbers[$0] }
  }

  /// A Boolean value indicating whether some connected peer lacks a piece.
  package var hasLeechers: Bool { peers.count > counts.seeds }

  /// Returns whether the peer has a wanted piece that is not verified.
  package func isInteresting(_ peer: PeerNumber) -> Bool {
    guard let record = peers[peer] else { return false }
    return record.isSeed ? !isComplete : record.interesting > 0
  }

  func isInteresting(_ piece: PieceIndex) -> Bool {
    wanted.contains(piece) && !verified.contains(piece)
  }

  /// Records how fast the peer is, and whether it lets blocks come late.
  package mutating func updatePeer(_ peer: PeerNumber, rate: Double, isSnubbed: Bool) {
    peers.change(peer) { record in
      if record.isSnubbed != isSnubbed { counts.snubbed += isSnubbed ? 1 : -1 }
      if record.isSeed, record.isLive { counts.liveSeeds -= 1 }
      counts.rate -= Int64(record.rate)
      record.rate = rate.isFinite ? min(max(rate, 0), 1e15) : 0
      counts.rate += Int64(record.rate)
      record.isSnubbed = isSnubbed
      if record.isSeed, record.isLive { counts.liveSeeds += 1 }
    }
  }

  /// Returns the number of blocks that the peer should owe at most when there is memory for
  /// `capacity` blocks in all.
  ///
  /// Blocks of pieces that are not whole need room as well: a piece for each peer, or half of the
  /// memory where that is less.
  ///
  /// Half of the memory is shared evenly, so that each peer can show its rate, and half by rate.
  /// Without such a share a few peers with wide windows hold all begun pieces, and the others have
  /// nothing to do until those are through.
  package func fairShare(of peer: PeerNumber, capacity: Int) -> Int {
    guard let record = peers[peer] else { return 0 }
    guard capacity < .max else { return .max }
    let begun = min(capacity / 2, peers.count * blocksPerPiece)
    let owed = Double(capacity - begun)
    let even = owed / Double(max(1, peers.count))
    let earned = owed * Double(Int64(record.rate)) / Double(max(1, counts.rate))
    return max(Self.leastShare, Int((even + (counts.rate > 0 ? earned : even)) / 2))
  }

  /// Returns the rate at which the peer brings data, in bytes per second; 0 while it is unknown.
  package func rate(of peer: PeerNumber) -> Double { peers[peer]?.rate ?? 0 }

  /// Returns whether the peer brings a quarter of all that comes, or more.
  package func isMainSource(_ peer: PeerNumber) -> Bool {
    let rate = rate(of: peer)
    return rate > 0 && rate * 4 >= Double(counts.rate)
  }

  /// Returns whether the peer is on trial: its pieces should be judged before much more comes,
  /// because none has been good so far, or one was bad.
  package func isOnTrial(_ peer: PeerNumber) -> Bool {
    guard let record = peers[peer] else { return false }
    return !record.isProven || record.isSuspect
  }

  /// Takes the senders of a good piece off trial.
  mutating func proveSenders(of piece: PieceIndex) {
    for sender in senders(of: piece) {
      peers.change(sender) { record in
        if !record.isProven { counts.unproven -= 1 }
        record.isProven = true
      }
    }
  }

  /// Records whether the peer took part in a bad piece; until it is cleared, it works alone.
  package mutating func setSuspect(_ peer: PeerNumber, _ isSuspect: Bool) {
    peers.change(peer) { record in
      if record.isSuspect != isSuspect { counts.suspects += isSuspect ? 1 : -1 }
      record.isSuspect = isSuspect
    }
  }
}
