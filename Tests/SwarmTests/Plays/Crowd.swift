import Primitives
import Testing

@testable import Swarm

/// Sources that do anything at any time, and a model of what an exchange may say to them.
///
/// The model only knows what went to and fro: from the actions it knows what each source was asked
/// for, and from the inputs how each request ended.
final class Crowd {
  /// One source, as it sees us.
  struct Member {
    let kind: SourceKind
    var pieces: Bitfield
    var isChoking = true
    /// A Boolean value indicating whether the exchange has ended the connection.
    var isEnded = false
    /// Our requests that have not ended.
    var owed: [Block] = []
    /// Our requests that ended without their block.
    var late: [Block] = []
    /// A Boolean value indicating whether we choke it.
    var isChoked = true
    /// Its requests that have not ended, those that we read first.
    var wants: [Block] = []
    /// The blocks of its requests that we read.
    var reading: [Block] = []
    var askedBytes: Int64 = 0
    var wantedBytes: Int64 = 0
  }

  let shape: ExchangePropertyTests.Shape
  let geometry: PieceGeometry
  var exchange: Exchange
  var random: SeededRandom
  var now = Instant.zero + .seconds(100)
  var members: [PeerNumber: Member] = [:]
  var complete: Set<PieceIndex> = []
  /// The blocks that came, the latest last.
  var recent: [Block] = []
  var requestCount = 0
  var servedCount = 0
  /// The payload that counts, in bytes.
  var countedBytes: Int64 = 0
  private var nextNumber = 0

  init(shape: ExchangePropertyTests.Shape, seed: UInt64) throws {
    self.shape = shape
    let length = shape.blocks * Block.standardLength
    // The last piece is short, and its last block as well.
    let rest = shape.pieces > 10 ? 5000 : 0
    geometry = try #require(
      PieceGeometry(totalLength: Int64(shape.pieces * length - rest), pieceLength: length))
    random = SeededRandom(seed: seed)
    var settings = ExchangeSettings()
    settings.isSequential = shape.isSequential
    settings.memoryLimit = shape.memoryLimit
    exchange = Exchange(
      settings: settings, random: SeededRandom(seed: random.next()), now: now)
    if shape.isLimited { exchange.quota = OwedQuota(limit: 20, isReached: false) }
    exchange.begin(
      geometry: geometry, verified: Bitfield(count: geometry.pieceCount),
      wanted: Bitfield(count: geometry.pieceCount, filled: true))
  }

  // MARK: - Chance

  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  func anyBlock() -> Block {
    let piece = PieceIndex(Int.random(in: 0..<geometry.pieceCount, using: &random))
    let count = geometry.blockCount(of: piece)
    return geometry.block(Int.random(in: 0..<count, using: &random), of: piece)
  }

  func anySet() -> Bitfield {
    var set = Bitfield(count: geometry.pieceCount)
    if chance(40) { return Bitfield(count: geometry.pieceCount, filled: true) }
    let percent = Int.random(in: 5...95, using: &random)
    for piece in geometry.pieces where chance(percent) { set.insert(piece) }
    return set
  }

  func anyMember() -> PeerNumber? { members.keys.sorted().randomElement(using: &random) }

  func newNumber() -> PeerNumber {
    nextNumber += 1
    return PeerNumber(nextNumber)
  }

  // MARK: - Checks

  /// Holds the exchange to the model, and now and then to the invariants of its board.
  func check() throws {
    // It walks over everything, so it is not called after each step.
    if chance(20) {
      let board = exchange.board.checkInvariants()
      try #require(board == nil)
    }
    let connected = exchange.board.peers.numbers
    try #require(Set(connected) == Set(members.keys))
    for (peer, member) in members { try check(peer, member) }
  }

  private func check(_ peer: PeerNumber, _ member: Member) throws {
    let place = try #require(exchange.board.peers.place(of: peer))
    let dealings = exchange.board.peers.dealings[place]
    let record = exchange.board.peers.records[place]
    let broken = dealings.window.ledger.checkInvariants() ?? dealings.uploads.checkInvariants()
    try #require(broken == nil)
    try #require(Set(dealings.window.ledger.requests.map(\.block)) == Set(member.owed))
    try #require(record.owed == member.owed.count, "\(peer) owes something else on the board")
    try #require(dealings.window.ledger.account.asked == member.askedBytes)
    let uploads = dealings.uploads.account
    let open = (member.wants + member.reading).reduce(Int64(0)) { $0 + Int64($1.length) }
    let ended = uploads.served + uploads.cancelled + uploads.takenBack + uploads.refused
    try #require(uploads.asked == member.wantedBytes)
    try #require(uploads.asked - ended == open, "\(peer) waits for something else")
    try #require(dealings.uploads.waitingCount == member.wants.count)
    try #require(dealings.amChoking == member.isChoked)
  }

  /// Lets everybody leave; nothing is owed or counted any more.
  func everybodyLeaves() throws {
    for peer in members.keys.sorted() {
      leave(peer)
      try hear()
      try check()
    }
    #expect(exchange.owedInTime == 0)
    #expect(exchange.traffic(now: now).downloaded == countedBytes)
    #expect(exchange.board.actives.allSatisfy { $0.owedCount == 0 && $0.claimants.isEmpty })
    #expect(exchange.supply.lanes.queue.isEmpty)
    #expect(exchange.supply.room.reserved == exchange.board.activePieceCount)
  }

  // MARK: - Actions

  /// Takes note of all actions, and lets the lanes pull that are woken.
  func hear() throws {
    var batch: [ExchangeAction] = []
    while exchange.hasActions {
      batch.removeAll()
      exchange.swapActions(&batch)
      for action in batch { try hear(action) }
    }
  }

  private func hear(_ action: ExchangeAction) throws {
    switch action {
    case .request(let block, let peer): try hearRequest(block, peer)
    case .cancel(let block, let peer): try hearCancel(block, peer)
    case .choke(let peer, let isChoking):
      try #require(members[peer]?.isChoked != isChoking, "\(peer) knows that")
      members[peer]?.isChoked = isChoking
      if isChoking { forgetWants(of: peer) }
    case .interest(let peer, _): try #require(members[peer]?.kind == .peer)
    case .have(let piece, let peer):
      try #require(members[peer]?.pieces.contains(piece) == false)
    case .serve(let peer): try #require(members[peer]?.isChoked == false)
    case .wake(let source): pull(source)
    case .hash(let piece, _): try #require(complete.insert(piece).inserted)
    case .close(let peer, _), .ban(let peer, _): members[peer]?.isEnded = true
    case .reserve, .release, .advance, .discard, .resume, .complete: break
    }
  }

  func hearRequest(_ block: Block, _ source: PeerNumber) throws {
    let member = try #require(members[source], "\(source) is not here")
    try #require(!member.isEnded, "\(source) is about to leave")
    try #require(member.kind == .webSeed || !member.isChoking, "\(source) chokes us")
    try #require(member.pieces.contains(block.piece), "\(source) lacks the piece")
    try #require(!member.owed.contains(block), "\(source) owes it already")
    let isHere = exchange.board.hasReceived(block)
    try #require(!isHere)
    members[source]?.owed.append(block)
    members[source]?.askedBytes += Int64(block.length)
    requestCount += 1
  }

  private func hearCancel(_ block: Block, _ source: PeerNumber) throws {
    let index = members[source]?.owed.firstIndex(of: block)
    members[source]?.owed.remove(at: try #require(index, "\(source) does not owe \(block)"))
    members[source]?.late.append(block)
  }

  /// Forgets the requests of a peer.
  func forgetWants(of peer: PeerNumber) {
    members[peer]?.wants.removeAll()
    members[peer]?.reading.removeAll()
  }

  private func pull(_ source: PeerNumber) {
    guard members[source]?.kind == .peer else { return }
    if let claim = exchange.pull(source, now: now) { exchange.use(claim, for: source, now: now) }
  }
}
