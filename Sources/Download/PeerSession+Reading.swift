import Networking
import PeerWire
import Primitives
import Swarm

// The reader: from the socket to messages and blocks.

extension PeerSession {
  /// How many bytes one peer may bring before the others have their turn.
  private static let turnLength = 2 << 20
  /// How many bytes of payload cost about as much time as one small message.
  private static let messageWeight = 1 << 10

  func readMessages() async {
    var turn = 0
    while end == nil {
      switch readOnce(weight: &turn) {
      case .bytes:
        guard turn >= Self.turnLength else { continue }
        turn = 0
        await Task.yield()
      case .wouldBlock:
        turn = 0
        await transport.waitUntilReadable()
        // Waiting ends at once in a cancelled task, which has nothing more to do.
        if Task.isCancelled { stop(.finished) }
      case .closed: stop(.lost("closed by the peer"))
      case .failed(let code): stop(.broken(code))
      }
    }
  }

  /// One vectored read, and all that follows from it, without a pause; adds what it cost.
  private func readOnce(weight: inout Int) -> IOResult {
    let plan = work.readPlan
    inbound.layOut(plan, expecting: window, placing: work.placement)
    let result = transport.read(into: plan.segments)
    guard case .bytes(let count) = result else { return result }
    inbound.received(count)
    weight += count
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
    if inbound.isInsideBlock { window.progressed(now: clock.now) }
    requestBlocks()
    flush()
    return result
  }

  private func nextEvent(_ plan: ReadPlan) throws(WireError) -> InboundMachine.Event? {
    try inbound.nextEvent(from: plan, expecting: window, placing: work.placement)
  }

  // MARK: - Messages

  private func received(_ message: PeerMessage) throws(WireError) {
    switch try machine.received(message, now: clock.now) {
    case .none: break
    case .mayRequest: laneWakeup.fire()
    case .choked: loseRequests()
    case .has(let piece):
      work.has(number, piece)
      availabilityChanged()
    case .hasAll(let pieces):
      work.has(number, pieces)
      availabilityChanged()
    case .interestChanged: swarm.interestChanged(of: self)
    case .serve: serverWakeup.fire()
    }
  }

  private func availabilityChanged() {
    updateInterest()
    laneWakeup.fire()
    swarm.availabilityChanged(of: self)
  }

  /// The peer chokes us: what it owed goes back to the queue.
  private func loseRequests() {
    let blocks = window.removeAll()
    strayAllowance += blocks.count
    chokedAt = clock.now
    for claim in claims.elements { work.giveBack(claim.piece, by: number) }
    claims.removeAll()
    work.release(blocks, by: number)
  }

  // MARK: - Blocks

  private func received(_ block: Block, _ placement: BlockPlacement) throws(WireError) {
    let now = clock.now
    machine.receivedPayload(now: now)
    traffic.downloaded.add(bytes: block.length, now: now)
    if !window.received(block, now: now) {
      guard strayAllowance > 0 else { throw .unrequestedBlock(block) }
      strayAllowance -= 1
    }
    guard placement != .discard else {
      work.release([block], by: number)
      traffic.wasted += Int64(block.length)
      return
    }
    let receipt = work.received(
      block, from: number, aside: placement == .aside ? inbound.asideBytes : nil)
    if !receipt.isUseful { traffic.wasted += Int64(block.length) }
    if let other = receipt.othersToCancel { swarm.cancel(block, at: other) }
  }
}
