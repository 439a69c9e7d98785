import Primitives
import Testing

@testable import Swarm

// The steps of a crowd.

extension Crowd {
  /// Lets one thing happen.
  func step() throws {
    if chance(50) { now = now + .milliseconds(Int.random(in: 1...400, using: &random)) }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<4: comesOrGoes()
    case 4..<44: try blocksArrive()
    case 44..<52: turns()
    case 52..<60: judge()
    case 60..<66: tick()
    case 66..<72: saysMore()
    case 72..<90: asksUs()
    case 90..<93: strayArrives()
    case 93..<96: try webSeedWorks()
    case 96..<98: limitsChange()
    default: wishesChange()
    }
    try hear()
    for (peer, member) in members.sorted(by: { $0.key < $1.key })
    where member.isEnded && chance(30) {
      leave(peer)
      try hear()
    }
    try check()
  }

  // MARK: - Coming and going

  private func comesOrGoes() {
    guard members.count >= 9 || members.count > 4 && chance(40) else { return join() }
    if let peer = anyMember() { leave(peer) }
  }

  private func join() {
    let number = newNumber()
    let kind = chance(15) ? SourceKind.webSeed : .peer
    exchange.join(number, kind: kind, now: now)
    let pieces = kind == .peer ? anySet() : Bitfield(count: geometry.pieceCount, filled: true)
    members[number] = Member(kind: kind, pieces: pieces)
    exchange.has(number, pieces)
    if chance(50) { turn(number) }
  }

  func leave(_ peer: PeerNumber) {
    exchange.leave(peer, now: now)
    members[peer] = nil
  }

  private func saysMore() {
    guard let peer = anyMember() else { return }
    let piece = anyBlock().piece
    members[peer]?.pieces.insert(piece)
    exchange.has(peer, piece)
    if chance(10) { exchange.queues(peer, Int.random(in: 0...300, using: &random)) }
  }

  // MARK: - Choking and blocks

  private func turns() {
    if let peer = anyMember() { turn(peer) }
  }

  /// Lets a peer choke us, or unchoke us.
  private func turn(_ peer: PeerNumber) {
    guard let member = members[peer], member.kind == .peer else { return }
    members[peer]?.isChoking = !member.isChoking
    if member.isChoking {
      exchange.unchoked(by: peer, now: now)
    } else {
      members[peer]?.late += member.owed
      members[peer]?.owed.removeAll()
      exchange.choked(by: peer, now: now)
    }
  }

  /// Lets some owed blocks arrive, mostly in their order.
  private func blocksArrive() throws {
    guard let peer = anyMember() else { return }
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      guard let owed = members[peer]?.owed, !owed.isEmpty else { break }
      let index = chance(80) ? 0 : Int.random(in: 0..<owed.count, using: &random)
      members[peer]?.owed.remove(at: index)
      arrive(owed[index], from: peer, counts: true)
      try hear()
    }
    if members[peer]?.kind == .peer { exchange.fill(peer, now: now) }
  }

  /// Lets a block arrive that came late, was never asked for, or comes again.
  private func strayArrives() {
    guard let peer = anyMember(), let member = members[peer], member.kind == .peer else { return }
    let block =
      switch Int.random(in: 0..<3, using: &random) {
      case 0: member.late.randomElement(using: &random) ?? anyBlock()
      case 1: recent.randomElement(using: &random) ?? anyBlock()
      default: anyBlock()
      }
    guard !member.owed.contains(block) else { return }
    let standing = exchange.place(of: block, from: peer, now: now)
    let before = exchange.traffic(now: now).downloaded
    arrive(block, from: peer, counts: false)
    let isLate = exchange.traffic(now: now).downloaded > before
    #expect(standing == .nowhere || isLate)
    if isLate {
      #expect(member.late.contains(block), "\(peer) was never asked for \(block)")
      countedBytes += Int64(block.length)
    }
  }

  private func arrive(_ block: Block, from peer: PeerNumber, counts: Bool) {
    let place = exchange.place(of: block, from: peer, now: now)
    exchange.arrived(block, from: peer, isKept: place != .nowhere, now: now)
    if counts, members[peer]?.kind == .peer { countedBytes += Int64(block.length) }
    recent.append(block)
    if recent.count > 50 { recent.removeFirst() }
  }

  private func webSeedWorks() throws {
    let seeds = members.filter { $0.value.kind == .webSeed && !$0.value.isEnded }.keys.sorted()
    guard let seed = seeds.randomElement(using: &random) else { return }
    guard chance(70) else { return webSeedGivesUp(seed) }
    var claim = exchange.pullRun(seed, depth: 12, now: now)
    for _ in 0..<12 {
      guard let current = claim else { break }
      if let request = exchange.nextOfRun(current, for: seed, now: now) {
        try hearRequest(request.block, seed)
      } else {
        claim = current.kind == .fresh ? exchange.extendRun(after: current.piece, for: seed) : nil
      }
    }
    exchange.setLate(seed, chance(20), now: now)
  }

  private func webSeedGivesUp(_ seed: PeerNumber) {
    let owed = members[seed]?.owed ?? []
    members[seed]?.late += owed
    members[seed]?.owed.removeAll()
    exchange.takeBack(owed, from: seed, now: now)
  }

  // MARK: - Verdicts and time

  private func judge() {
    guard let piece = complete.sorted().randomElement(using: &random) else { return }
    complete.remove(piece)
    let isGood = !chance(shape.badPieces)
    let liar = exchange.board.senders(of: piece).randomElement(using: &random)
    let digests = exchange.board.senders(of: piece).map { sender -> [UInt8] in
      [!isGood && sender == liar ? 1 : 0]
    }
    let isNeeded = !isGood || exchange.needsDigests(of: piece)
    exchange.judged(piece, isGood: isGood, digests: isNeeded ? digests : nil)
    if isGood { exchange.written(piece) }
  }

  private func tick() {
    if chance(5) { now = now + .seconds(Int.random(in: 1...40, using: &random)) }
    exchange.tick(someoneWaits: chance(50), now: now)
    exchange.timePassed(now: now)
  }

  private func limitsChange() {
    exchange.setRoom(chance(80))
    if shape.isLimited {
      exchange.quota = OwedQuota(
        limit: Int.random(in: 4...40, using: &random), isReached: chance(30))
    }
    exchange.wakeIdle()
  }

  private func wishesChange() {
    if chance(50) {
      exchange.prefer(anySet())
    } else {
      exchange.want(anySet(), now: now)
    }
  }

  // MARK: - Their requests

  private func asksUs() {
    guard let peer = anyMember(), let member = members[peer], member.kind == .peer else { return }
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1:
      let isInterested = chance(90)
      exchange.interested(peer, isInterested, now: now)
      if !isInterested { forgetWants(of: peer) }
    case 2..<6: asks(peer, member)
    case 6:
      guard let block = member.wants.randomElement(using: &random) else { return }
      exchange.cancelled(block, by: peer)
      if let index = member.wants.firstIndex(of: block) { members[peer]?.wants.remove(at: index) }
    default: isServed(peer, member)
    }
  }

  private func asks(_ peer: PeerNumber, _ member: Member) {
    let kept = exchange.kept
    let block =
      geometry.pieces.first { kept.contains($0) && chance(20) }
      .map { geometry.block(0, of: $0) } ?? anyBlock()
    members[peer]?.wantedBytes += Int64(block.length)
    exchange.requested(block, by: peer)
    if !member.isChoked, kept.contains(block.piece) { members[peer]?.wants.append(block) }
  }

  private func isServed(_ peer: PeerNumber, _ member: Member) {
    guard member.reading.isEmpty || chance(20) else {
      let sent = exchange.uploaded(member.reading, to: peer, now: now)
      #expect(sent == member.reading)
      members[peer]?.reading.removeAll()
      servedCount += sent.count
      return
    }
    let batch = exchange.takeUploads(for: peer, upTo: 2 * Block.standardLength)
    #expect(batch == Array(member.wants.prefix(batch.count)))
    members[peer]?.wants.removeFirst(batch.count)
    members[peer]?.reading += batch
  }
}
