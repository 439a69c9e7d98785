import Primitives
import Swarm
import Testing

@Suite struct PieceBoardPropertyTests {
  struct Shape: Sendable, CustomStringConvertible {
    let totalLength: Int64
    let pieceLength: Int
    var description: String { "\(totalLength) bytes in pieces of \(pieceLength)" }
  }

  static let shapes = [
    Shape(totalLength: 40 * 16384, pieceLength: 16384),  // one block a piece
    Shape(totalLength: 12 * 65536 + 20000, pieceLength: 65536),  // a short last piece
    Shape(totalLength: 3 * 40000 + 1, pieceLength: 40000),  // an odd last block, and one of 1 byte
    Shape(totalLength: 100, pieceLength: 262_144),  // a single piece
  ]

  @Test(arguments: shapes, [1, 2, 3] as [UInt64])
  func theInvariantsHoldThroughRandomOperations(shape: Shape, seed: UInt64) throws {
    let geometry = try #require(
      PieceGeometry(totalLength: shape.totalLength, pieceLength: shape.pieceLength))
    var driver = RandomDriver(geometry: geometry, seed: seed)
    for step in 0..<2500 {
      let operation = driver.step()
      let broken = driver.board.checkInvariants() ?? driver.contradiction
      try #require(broken == nil, "after step \(step), \(operation)")
    }
    #expect(driver.usefulBlocks > 0)
  }
}

/// A driver that does at random what sessions may do to a board, and more, and keeps its own books.
private struct RandomDriver: ~Copyable {
  let geometry: PieceGeometry
  var board: PieceBoard
  var random: SeededRandom
  var now = Instant.zero
  var nextPeer = 0
  var peers: [PeerNumber] = []
  var claims: [(peer: PeerNumber, claim: Claim)] = []
  var requests: [(peer: PeerNumber, block: Block)] = []
  var usefulBlocks = 0
  var contradiction: String?

  init(geometry: PieceGeometry, seed: UInt64) {
    self.geometry = geometry
    random = SeededRandom(seed: seed)
    var verified = Bitfield(count: geometry.pieceCount)
    var wanted = Bitfield(count: geometry.pieceCount)
    for piece in geometry.pieces {
      if geometry.pieceCount > 1, Int.random(in: 0..<10, using: &random) == 0 {
        verified.insert(piece)
      }
      if geometry.pieceCount == 1 || Int.random(in: 0..<10, using: &random) > 0 {
        wanted.insert(piece)
      }
    }
    board = PieceBoard(
      geometry: geometry, verified: verified, wanted: wanted, random: SeededRandom(seed: seed))
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func anyPiece() -> PieceIndex {
    PieceIndex(Int.random(in: 0..<geometry.pieceCount, using: &random))
  }

  mutating func anyBlock() -> Block {
    let piece = anyPiece()
    let count = geometry.blockCount(of: piece)
    return geometry.block(Int.random(in: 0..<count, using: &random), of: piece)
  }

  mutating func anyPeer() -> PeerNumber {
    // The peer is now and then one that has left, or has never been there.
    if chance(3) || peers.isEmpty {
      return PeerNumber(Int.random(in: 0...nextPeer, using: &random))
    }
    return peers[Int.random(in: 0..<peers.count, using: &random)]
  }

  mutating func step() -> String {
    now = now + .milliseconds(Int.random(in: 0..<2000, using: &random))
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<4: return join()
    case 4..<9: return has()
    case 9..<12: return bitfield()
    case 12..<14: return leave()
    case 14..<34: return claim()
    case 34..<60: return request()
    case 60..<80: return receive()
    case 80..<84: return stray()
    case 84..<88: return release()
    case 88..<89: return giveBack()
    case 89..<91: return turn()
    case 91..<95: return judge()
    case 95..<98: return update()
    default: return suspect()
    }
  }

  mutating func join() -> String {
    guard peers.count < 12 else { return "nothing" }
    let peer = PeerNumber(nextPeer)
    nextPeer += 1
    peers.append(peer)
    board.peerJoined(peer)
    if chance(20) { board.peerJoined(peer) }
    return "join \(peer)"
  }

  mutating func has() -> String {
    let (peer, piece) = (anyPeer(), anyPiece())
    board.peerHas(peer, piece)
    return "\(peer) has \(piece)"
  }

  mutating func bitfield() -> String {
    let peer = anyPeer()
    var pieces = Bitfield(count: geometry.pieceCount, filled: chance(40))
    if !pieces.isFull { for piece in geometry.pieces where chance(50) { pieces.insert(piece) } }
    board.peerHas(peer, pieces)
    if peers.contains(peer),
      board.isSeed(peer) != geometry.pieces.allSatisfy({ board.has(peer, $0) })
    {
      contradiction = "\(peer) is a seed or not"
    }
    return "bitfield of \(peer)"
  }

  mutating func leave() -> String {
    let peer = anyPeer()
    board.peerLeft(peer)
    peers.removeAll { $0 == peer }
    claims.removeAll { $0.peer == peer }
    requests.removeAll { $0.peer == peer }
    return "\(peer) leaves"
  }

  mutating func claim() -> String {
    let peer = anyPeer()
    let canOpen = chance(60)
    let wasActive = geometry.pieces.map { board.isActive($0) }
    guard let claim = board.claim(for: peer, now: now, canOpenPiece: canOpen) else {
      return "no claim for \(peer)"
    }
    if !board.has(peer, claim.piece) { contradiction = "\(peer) lacks piece \(claim.piece)" }
    if claim.kind == .fresh, !canOpen { contradiction = "a piece was opened without memory" }
    if (claim.kind == .fresh) == wasActive[claim.piece.value] { contradiction = "a stale claim" }
    claims.append((peer, claim))
    // A claim is worth at least one block, or sessions would spin.
    let isWorthIt = ask(peer, claim)
    if !isWorthIt { contradiction = "an empty claim \(claim)" }
    return "\(peer) claims \(claim)"
  }

  mutating func ask(_ peer: PeerNumber, _ claim: Claim) -> Bool {
    guard let request = board.nextRequest(of: claim, for: peer, now: now) else { return false }
    if board.hasReceived(request.block) { contradiction = "\(request.block) is here already" }
    let holders = requests.filter { $0.block == request.block }.map(\.peer)
    if holders.count > 1 || holders.contains(peer) { contradiction = "too many ask" }
    if request.isDuplicate != (holders.count == 1) { contradiction = "a duplicate or not" }
    requests.append((peer, request.block))
    return true
  }

  mutating func request() -> String {
    guard !claims.isEmpty else { return "nothing" }
    let index = Int.random(in: 0..<claims.count, using: &random)
    let (peer, claim) = claims[index]
    if !ask(peer, claim), chance(80) { claims.remove(at: index) }
    return "request of \(claim) for \(peer)"
  }

  mutating func receive() -> String {
    guard !requests.isEmpty else { return "nothing" }
    let (peer, block) = requests[Int.random(in: 0..<requests.count, using: &random)]
    arrive(block, from: peer)
    return "\(block) from \(peer)"
  }

  mutating func stray() -> String {
    let (peer, block) = (anyPeer(), anyBlock())
    arrive(block, from: peer)
    let odd = Block(piece: block.piece, offset: block.offset + 1, length: block.length)
    if board.received(odd, from: peer).isUseful { contradiction = "an odd block was useful" }
    return "stray \(block) from \(peer)"
  }

  mutating func arrive(_ block: Block, from peer: PeerNumber) {
    let others = requests.filter { $0.block == block && $0.peer != peer }.map(\.peer)
    let isNew = !board.hasReceived(block)
    let receipt = board.received(block, from: peer)
    if receipt.isUseful != isNew { contradiction = "\(block) is useful or not" }
    if receipt.isUseful {
      usefulBlocks += 1
      if Set(receipt.othersToCancel) != Set(others) {
        contradiction = "\(others) owe \(block), and \(Array(receipt.othersToCancel)) are cancelled"
      }
      requests.removeAll { $0.block == block }
    }
    if board.received(block, from: peer).isUseful { contradiction = "a second copy was useful" }
  }

  mutating func release() -> String {
    if chance(20) {
      let (peer, block) = (anyPeer(), anyBlock())
      board.release(block, by: peer)
      requests.removeAll { $0.peer == peer && $0.block == block }
      return "\(peer) releases \(block)"
    }
    guard !requests.isEmpty else { return "nothing" }
    let (peer, block) = requests.remove(at: Int.random(in: 0..<requests.count, using: &random))
    board.release(block, by: peer)
    return "\(peer) releases \(block)"
  }

  /// Chokes, which takes back all that the peer owes, or unchokes.
  mutating func turn() -> String {
    let peer = anyPeer()
    guard chance(50) else {
      board.unchoked(peer)
      return "\(peer) unchokes"
    }
    board.choked(peer, returning: requests.filter { $0.peer == peer }.map(\.block))
    requests.removeAll { $0.peer == peer }
    return "\(peer) chokes"
  }

  mutating func giveBack() -> String {
    let (peer, piece) = (anyPeer(), anyPiece())
    board.giveBack(piece, by: peer)
    requests.removeAll { $0.peer == peer && $0.block.piece == piece }
    return "\(peer) gives back \(piece)"
  }

  mutating func judge() -> String {
    let complete = geometry.pieces.filter { piece in
      board.isActive(piece)
        && (0..<geometry.blockCount(of: piece)).allSatisfy {
          board.hasReceived(geometry.block($0, of: piece))
        }
    }
    guard let piece = complete.randomElement(using: &random) else {
      let piece = anyPiece()  // not complete: must do nothing
      board.pieceVerified(piece)
      board.pieceFailed(piece)
      return "early verdict on \(piece)"
    }
    if board.senders(of: piece).count != geometry.blockCount(of: piece) {
      contradiction = "piece \(piece) has blocks without a sender"
    }
    if chance(60) {
      board.pieceFailed(piece)
      if board.verified.contains(piece) { contradiction = "a bad piece is verified" }
    } else {
      board.pieceVerified(piece)
      if !board.verified.contains(piece) { contradiction = "a good piece is not verified" }
    }
    return "verdict on \(piece)"
  }

  mutating func update() -> String {
    let peer = anyPeer()
    let rate = chance(30) ? 0 : Double.random(in: 1...5_000_000, using: &random)
    board.updatePeer(peer, rate: rate, isSnubbed: chance(25))
    return "update of \(peer)"
  }

  mutating func suspect() -> String {
    let peer = anyPeer()
    board.setSuspect(peer, chance(50))
    return "suspicion of \(peer)"
  }
}
