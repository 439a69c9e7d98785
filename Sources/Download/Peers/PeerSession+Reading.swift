import Networking
import PeerWire
import Primitives
import Swarm

// The reader: from the socket to messages and blocks.

extension PeerSession {
  /// How many bytes one peer may bring before the others have their turn.
  private static let turnLength = 1 << 20
  /// How many bytes of payload cost about as much time as one small message.
  private static let messageWeight = 1 << 10

  /// The pauses that are worth a timer, and those that nobody notices.
  private static let shortestPause = Duration.milliseconds(4)
  private static let longestPause = 0.35
  /// The same where a limit is to be kept.
  private static let longestLimitedPause = 0.2
  /// Pauses end at multiples of this.
  private static let pauseGrid = Duration.milliseconds(8)
  /// How many blocks may gather; the kernel holds so many for any connection.
  private static let pauseBlocks = 4

  func readMessages() async {
    var turn = 0
    takeUp()
    while end == nil {
      switch transport.mayRead ? readOnce(weight: &turn) : .wouldBlock {
      case .bytes:
        while end == nil, work.holds(self) {
          guard await readerWakeup.wait() else { break }
        }
        guard turn >= Self.turnLength else { continue }
        turn = 0
        await Task.yield()
      case .wouldBlock:
        turn = 0
        await pauseForMore()
        await transport.waitUntilReadable()
        // Waiting ends at once in a cancelled task, which has nothing more to do.
        if Task.isCancelled { stop(.finished) }
      case .closed: stop(.lost("closed by the peer"))
      case .failed(let code): stop(.broken(code))
      }
    }
  }

  /// Lets a slow peer's bytes gather until some blocks should be whole.
  ///
  /// A slow link brings them in drips, and with hundreds of such peers to read each drip costs more
  /// than all the rest. What is owed beyond those blocks must last for a round trip, so that the
  /// peer never runs out of requests. The pauses of all peers end at the same moments, for one turn
  /// of the loop. At the end of the download nothing waits. Nor does the reader wait while the peer
  /// chokes us, or soon after it did: the next message may be an unchoke.
  private func pauseForMore() async {
    let now = clock.now
    let rate = window.estimatedRate(now: now)
    guard end == nil, !work.board.isEndgame, rate > 0, !machine.peerChoking,
      window.isSteady(now: now)
    else { return }
    // Bounded before it is a duration, because a rate that has died away is next to nothing.
    let blockLength = work.geometry.blockLength
    let blockTime = min(Double(blockLength) / rate, 1)
    let cover = max(1, Int((min(roundTrip, 1) / blockTime).rounded(.up)))
    // A lane that is not idle is about to fill the window.
    let owed = isIdle ? window.count : window.target
    let blocks = min(owed - cover, Self.pauseBlocks)
    guard blocks > 0 else { return }
    let bytes = (blocks - 1) * blockLength + min(blockLength, inbound.bytesToBlockEnd)
    let longest = limiter == nil ? Self.longestPause : Self.longestLimitedPause
    let pause = Duration.seconds(min(Double(bytes) / rate, longest))
    guard pause > Self.shortestPause else { return }
    transport.ignoreArrivals()
    _ = await clock.wait(
      for: readerWakeup, until: (now + pause).roundedUp(to: Self.pauseGrid))
  }

  /// Reads what somebody else who had the connection before has left.
  private func takeUp() {
    layOut(work.readPlan)
    var weight = 0
    takeEvents(work.readPlan, weight: &weight)
    if !requestBlocks() { flush() }
  }

  /// One vectored read, and all that follows from it, without a pause; adds what it cost.
  private func readOnce(weight: inout Int) -> IOResult {
    let plan = work.readPlan
    layOut(plan)
    let result = transport.read(into: plan.segments)
    guard case .bytes(let count) = result else { return result }
    inbound.received(count)
    weight += count
    takeEvents(plan, weight: &weight)
    if inbound.isInsideBlock { window.progressed(now: clock.now) }
    // A lane that goes on filling the window sends this together with what it asks for.
    if !requestBlocks() { flush() }
    work.readEnded()
    return result
  }

  private func takeEvents(_ plan: ReadPlan, weight: inout Int) {
    do throws(WireError) {
      while end == nil, let event = try nextEvent(plan) {
        switch event {
        case .message(let message):
          weight += Self.messageWeight
          try received(message)
        case .block(let block, let placement): try received(block, placement)
        }
      }
    } catch {
      stop(.violation(error))
    }
  }

  private func nextEvent(_ plan: ReadPlan) throws(WireError) -> InboundMachine.Event? {
    try inbound.nextEvent(from: plan, placing: { placement(of: $0) })
  }

  private func layOut(_ plan: ReadPlan) {
    inbound.layOut(
      plan, expectsBlocks: !window.isEmpty,
      next: { index in
        guard index < window.count else { return nil }
        let next = window.ledger[index]
        return ExpectedBlock(
          next.block, work.placement(of: next.block, isDuplicate: next.isDuplicate))
      }, placing: { placement(of: $0) })
  }

  /// Returns the place for a block's payload; it is discarded unless this very peer was asked for it.
  private func placement(of block: Block) -> BlockPlacement {
    switch window.ledger.standing(of: block, now: clock.now) {
    case .owed(let isDuplicate): work.placement(of: block, isDuplicate: isDuplicate)
    // Another peer may have been asked for it in the meantime.
    case .late: work.placement(of: block, isDuplicate: true)
    case .unrequested: .discard
    }
  }

  // MARK: - Messages

  private func received(_ message: PeerMessage) throws(WireError) {
    switch try machine.received(message, now: clock.now) {
    case .none: break
    case .mayRequest:
      window.unchoked(now: clock.now)
      work.unchoked(number)
      laneWakeup.fire()
    case .choked:
      work.choked(self, returning: window.choked(now: clock.now))
      countOwed()
    case .has(let piece):
      work.has(number, piece)
      availabilityChanged()
    case .hasAll(let pieces):
      work.has(number, pieces)
      availabilityChanged()
    case .interestChanged: swarm.interestChanged(of: self)
    case .serve: serverWakeup.fire()
    case .extended(let handshake): introduced(handshake)
    case .dhtPort(let port):
      swarm.heardOfNode(at: Endpoint(address: endpoint.address, port: port))
    case .extensionMessage(let kind, let payload): try received(kind, payload)
    }
  }

  private func availabilityChanged() {
    updateInterest()
    laneWakeup.fire()
    swarm.availabilityChanged(of: self)
  }

  // MARK: - Blocks

  private func received(_ block: Block, _ placement: BlockPlacement) throws(WireError) {
    let now = clock.now
    machine.receivedPayload(now: now)
    let standing = window.received(block, now: now)
    guard standing != .unrequested else {
      // An unrequested block was discarded and does not count.
      if window.ledger.isFlooded { throw .unrequestedBlock(block) }
      return
    }
    traffic.downloaded.add(bytes: block.length, now: now)
    guard placement != .discard else {
      if standing != .late { work.release([block], by: number) }
      traffic.wasted += Int64(block.length)
      return
    }
    let receipt = work.received(
      block, from: number, aside: placement == .aside ? inbound.asideBytes : nil)
    if receipt.completesPiece {
      lastCompleted = block.piece
      work.wakeIfMayOpen(self)
    }
    if !receipt.isUseful { traffic.wasted += Int64(block.length) }
    for other in receipt.othersToCancel { swarm.cancel(block, at: other) }
  }
}
