import Primitives
import Testing

@testable import Swarm

/// Under any order of events, each request has one end, and the books agree.
@Suite struct RequestLedgerPropertyTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func eachRequestHasExactlyOneEnd(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var ledger = RequestLedger()
    var now = Instant.zero
    /// The number of ends of each request, by its serial number, and the serials of the owed
    /// blocks.
    var ends: [Int] = []
    var owed: [Block: Int] = [:]
    func end(_ blocks: [Block]) {
      for block in blocks {
        guard let serial = owed.removeValue(forKey: block) else { continue }
        ends[serial] += 1
      }
    }
    for step in 0..<4000 {
      now = now + .milliseconds(Int.random(in: 0...900, using: &random))
      let block = LedgerPlay.block(Int.random(in: 0..<40, using: &random))
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<45:
        guard owed[block] == nil else { break }
        ledger.asked(for: block, isDuplicate: false, now: now)
        owed[block] = ends.count
        ends.append(0)
      case 45..<80:
        let arrival = ledger.received(block, now: now)
        if case .answer = arrival {
          try #require(owed[block] != nil, "step \(step): \(block) answers nothing")
          end([block])
        } else {
          try #require(owed[block] == nil, "step \(step): \(block) was owed")
        }
      case 80..<90:
        let isEnd = ledger.cancelled(block, now: now)
        try #require(isEnd == (owed[block] != nil))
        if isEnd { end([block]) }
      case 90..<95: end(ledger.timedOut(first: Int.random(in: 0...5, using: &random), now: now))
      default:
        end(ledger.choked(now: now))
        try #require(owed.isEmpty, "a choke takes all back")
      }
      try #require(ledger.count == owed.count, "step \(step)")
      let broken = ledger.checkInvariants()
      try #require(broken == nil)
    }
    end(ledger.choked(now: now))
    #expect(ends.count > 500)
    #expect(ends.allSatisfy { $0 == 1 })
  }

  /// Some peers with a window each and one board: the blocks that one owes are the same in both,
  /// through a thousand chokes, and every block that was asked for came or was given up.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func theAccountsBalanceThroughAThousandChokes(seed: UInt64) throws {
    var flaps = FlappingSwarm(seed: seed)
    var steps = 0
    while flaps.chokes < 1000 {
      flaps.step()
      steps += 1
      guard steps.isMultiple(of: 7) else { continue }
      let broken = flaps.broken
      try #require(broken == nil, "step \(steps)")
    }
    #expect(flaps.verified > 10)
    #expect(flaps.lateBlocks > 10)
  }
}

/// Peers that choke and unchoke, bring, bring late and forget; with a board as a session has it.
private struct FlappingSwarm: ~Copyable {
  final class Peer {
    let number: PeerNumber
    var window = RequestWindow()
    var isChoking = false
    var claims: [Claim] = []
    var underWay: [Block] = []

    init(_ number: PeerNumber) {
      self.number = number
    }
  }

  private static let pieces = 60
  private let geometry: PieceGeometry
  private var board: PieceBoard
  private var random: SeededRandom
  private var now = Instant.zero
  private let peers = (0..<4).map { Peer(PeerNumber($0)) }
  private(set) var chokes = 0
  private(set) var lateBlocks = 0
  private var complaint: String?

  init(seed: UInt64) {
    let length = 4 * Block.standardLength
    guard
      let geometry = PieceGeometry(totalLength: Int64(Self.pieces * length), pieceLength: length)
    else { preconditionFailure("a geometry that cannot be") }
    self.geometry = geometry
    random = SeededRandom(seed: seed)
    board = PieceBoard(
      geometry: geometry, verified: Bitfield(count: Self.pieces),
      wanted: Bitfield(count: Self.pieces, filled: true), random: SeededRandom(seed: seed))
    for peer in peers {
      board.peerJoined(peer.number)
      board.peerHas(peer.number, Bitfield(count: Self.pieces, filled: true))
    }
  }

  var verified: Int { board.verified.population }

  var broken: String? {
    if let broken = complaint ?? board.checkInvariants() { return broken }
    for peer in peers {
      if let broken = peer.window.ledger.checkInvariants() { return broken }
      guard board.peers[peer.number]?.owed == peer.window.count else {
        return "\(peer.number) owes \(peer.window.count) by its own books"
      }
    }
    return nil
  }

  mutating func step() {
    now = now + .milliseconds(Int.random(in: 1...40, using: &random))
    let peer = peers[Int.random(in: 0..<peers.count, using: &random)]
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<20: turn(peer)
    case 20..<50: ask(peer)
    case 50..<85: bring(peer)
    case 85..<92: giveUp(peer)
    default: judge()
    }
  }

  private mutating func turn(_ peer: Peer) {
    peer.isChoking.toggle()
    if peer.isChoking {
      chokes += 1
      board.choked(peer.number, returning: peer.window.choked(now: now))
      // Some of it may be on its way, the rest is dropped.
      peer.underWay.removeLast(Int.random(in: 0...peer.underWay.count, using: &random))
    } else {
      peer.window.unchoked(now: now)
      board.unchoked(peer.number)
    }
  }

  private mutating func ask(_ peer: Peer) {
    guard !peer.isChoking else { return }
    while peer.window.room > 0 {
      if peer.claims.isEmpty {
        peer.claims = board.claim(for: peer.number, now: now, canOpenPiece: true).map { [$0] } ?? []
        if peer.claims.isEmpty { return }
      }
      guard let request = board.nextRequest(of: peer.claims[0], for: peer.number, now: now) else {
        peer.claims = []
        return
      }
      peer.window.requested(request.block, isDuplicate: request.isDuplicate, now: now)
      peer.underWay.append(request.block)
    }
  }

  private mutating func bring(_ peer: Peer) {
    guard !peer.underWay.isEmpty else { return }
    let block = peer.underWay.removeFirst()
    switch peer.window.received(block, now: now) {
    case .unrequested: complaint = "\(block) counts as not asked for"
    case .late:
      lateBlocks += 1
      fallthrough
    case .owed:
      for other in board.received(block, from: peer.number).othersToCancel {
        let isEnd = peers[other.value].window.cancelled(block, now: now)
        if !isEnd { complaint = "\(other) does not owe \(block)" }
      }
    }
  }

  private mutating func giveUp(_ peer: Peer) {
    _ = peer.window.tick(now: now)
    for block in peer.window.takeForgotten(now: now) { board.release(block, by: peer.number) }
  }

  private mutating func judge() {
    guard let piece = geometry.pieces.first(where: { board.isBeingHashed($0) }) else { return }
    // Bad now and then, and towards the end always, so that it never ends.
    if verified > Self.pieces / 2 || Int.random(in: 0..<10, using: &random) == 0 {
      board.pieceFailed(piece)
    } else {
      board.pieceVerified(piece)
    }
  }
}
