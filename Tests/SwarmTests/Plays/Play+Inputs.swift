import Primitives

@testable import Swarm

// The inputs of a play: sources, blocks, verdicts.

extension Play {
  // MARK: - Sources

  /// Lets a peer join and say which pieces it has; it serves us unless `isServing` is false.
  func peer(_ number: PeerNumber, has pieces: [Int], isServing: Bool = true) {
    exchange.join(number, now: now)
    if !pieces.isEmpty { exchange.has(number, set(pieces)) }
    if isServing { unchokes(number) }
  }

  /// Lets a peer join that has everything.
  func seed(_ number: PeerNumber, isServing: Bool = true) {
    peer(number, has: Array(0..<exchange.board.geometry.pieceCount), isServing: isServing)
  }

  /// Lets peers join that have nothing and want something of us.
  func leechers(_ numbers: ClosedRange<Int>) {
    for number in numbers {
      peer(PeerNumber(number), has: [], isServing: false)
      exchange.interested(PeerNumber(number), true, now: now)
    }
  }

  /// Adds a connection to a web seed.
  func webSeed(_ number: PeerNumber) {
    exchange.join(number, kind: .webSeed, now: now)
    exchange.has(number, Bitfield(count: exchange.board.geometry.pieceCount, filled: true))
  }

  func leaves(_ source: PeerNumber) { exchange.leave(source, now: now) }

  func has(_ peer: PeerNumber, _ piece: PieceIndex) { exchange.has(peer, piece) }

  func chokes(_ peer: PeerNumber) { exchange.choked(by: peer, now: now) }

  /// Lets a peer unchoke us; its window is filled after each message, as a connection's reader does.
  func unchokes(_ peer: PeerNumber) {
    exchange.unchoked(by: peer, now: now)
    exchange.fill(peer, now: now)
  }

  // MARK: - Blocks

  /// Lets blocks arrive from a source, one after the other, and its window be filled.
  func brings(_ source: PeerNumber, _ blocks: [Block]) {
    for block in blocks { arrive(block, from: source) }
    if exchange.kind(of: source) == .peer { exchange.fill(source, now: now) }
  }

  func brings(_ source: PeerNumber, _ block: Block) { brings(source, [block]) }

  private func arrive(_ block: Block, from source: PeerNumber) {
    let place = exchange.place(of: block, from: source, now: now)
    exchange.arrived(block, from: source, isKept: place != .nowhere, now: now)
  }

  /// Lets a web seed pull a run of at most `limit` blocks; returns its blocks.
  func pullsRun(_ source: PeerNumber, limit: Int) -> [Block] {
    var blocks: [Block] = []
    var claim = exchange.pullRun(source, depth: limit, now: now)
    while blocks.count < limit, let current = claim {
      if let request = exchange.nextOfRun(current, for: source, now: now) {
        blocks.append(request.block)
      } else {
        claim =
          current.kind == .fresh ? exchange.extendRun(after: current.piece, for: source) : nil
      }
    }
    return blocks
  }

  // MARK: - Verdicts

  /// Judges a complete piece: it is good unless a liar sent one of its blocks.
  ///
  /// A good one is written at once, unless `isWritten` is false.
  func judge(_ piece: PieceIndex, isWritten: Bool = true) {
    let senders = exchange.board.senders(of: piece)
    let isGood = liars.isDisjoint(with: senders)
    let digests = senders.enumerated().map { number, sender in
      [liars.contains(sender) ? 0xFF : 0, UInt8(truncatingIfNeeded: number)]
    }
    let isNeeded = !isGood || exchange.needsDigests(of: piece)
    exchange.judged(piece, isGood: isGood, digests: isNeeded ? digests : nil)
    if isGood, isWritten { exchange.written(piece) }
  }

  /// Lets a source bring a whole piece, which is judged at once.
  func delivers(_ source: PeerNumber, _ piece: PieceIndex) {
    let count = exchange.board.geometry.blockCount(of: piece)
    brings(source, blocks(piece.value, 0..<count))
    judge(piece)
  }

  // MARK: - Facts

  /// Returns the blocks that a source owes, the oldest request first.
  func owed(by source: PeerNumber) -> [Block] {
    exchange.board.peers.place(of: source).map { place in
      exchange.board.peers.dealings[place].window.ledger.requests.map(\.block)
    } ?? []
  }

  /// A Boolean value indicating whether a block is here.
  func isHere(_ block: Block) -> Bool { exchange.board.hasReceived(block) }

  func isSuspect(_ peer: PeerNumber) -> Bool {
    exchange.board.peers[peer]?.isSuspect ?? false
  }

  func isActive(_ piece: PieceIndex) -> Bool { exchange.board.isActive(piece) }

  func isOnTrial(_ peer: PeerNumber) -> Bool { exchange.board.isOnTrial(peer) }

  func countsAsSeed(_ peer: PeerNumber) -> Bool { exchange.countsAsSeed(peer) }

  /// Returns whether the reader of a source may continue.
  func mayRead(_ source: PeerNumber) -> Bool { exchange.mayRead(source) }

  func place(of block: Block, from source: PeerNumber) -> BlockPlace {
    exchange.place(of: block, from: source, now: now)
  }

  var traffic: ExchangeTraffic { exchange.traffic(now: now) }
}
