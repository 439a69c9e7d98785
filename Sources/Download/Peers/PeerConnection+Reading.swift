import Networking
import PeerWire
import Primitives
import Swarm

// The reader: from the socket to messages and blocks.

extension PeerConnection {
  /// The numbers that bound the turn of one reader.
  private enum Policy {
    /// The number of bytes that are read from one peer before the others have their turn.
    static let turnLength = 1 << 20
    /// The number of bytes of payload that cost about as much time as one small message.
    static let messageWeight = 1 << 10
    /// The length of a read before the torrent is known.
    static let preludeLength = 32 << 10
  }

  func readMessages() async {
    var turn = 0
    while end == nil {
      switch transport.mayRead ? readOnce(weight: &turn) : .wouldBlock {
      case .bytes:
        while end == nil, !swarm.exchange.mayRead(number) {
          guard await wakeups.reader.wait() else { break }
        }
        guard turn >= Policy.turnLength else { continue }
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

  /// Lets a slow peer's bytes accumulate until some blocks should be whole.
  private func pauseForMore() async {
    let now = clock.now
    guard end == nil, prelude == nil, let pace = swarm.exchange.pace(of: number, now: now),
      let pause = ReadingPause(
        pace, roundTrip: route.roundTrip, bytesToBlockEnd: inbound.bytesToBlockEnd,
        isLimited: swarm.session.options.downloadLimiter != nil)
    else { return }
    transport.ignoreArrivals()
    _ = await clock.wait(for: wakeups.reader, until: pause.end(after: now))
  }

  /// Handles the messages that were kept until the pieces were known.
  func takeUp() {
    guard end == nil, let content = swarm.content else { return }
    layOut(content.readPlan, content.buffers)
    var weight = 0
    takeEvents(content.readPlan, content.buffers, weight: &weight)
    settle()
  }

  /// Reads once and handles all that has arrived, without a pause; adds the cost to `weight`.
  private func readOnce(weight: inout Int) -> IOResult {
    guard prelude == nil, let content = swarm.content else { return readPrelude(weight: &weight) }
    let plan = content.readPlan
    layOut(plan, content.buffers)
    let result = unsafe transport.read(into: plan.segments)
    guard case .bytes(let count) = result else { return result }
    inbound.received(count)
    weight += count
    takeEvents(plan, content.buffers, weight: &weight)
    if inbound.isInsideBlock { swarm.exchange.progressed(number, now: clock.now) }
    settle()
    content.verifier.processFullBatches()
    return result
  }

  /// Has the window filled, and sends the collected messages.
  ///
  /// A lane that goes on filling the window sends them together with its own requests.
  private func settle() {
    if end == nil { swarm.exchange.fill(number, now: clock.now) }
    swarm.drain()
    if !isLaneDue { flush() }
  }

  private func takeEvents(_ plan: ReadPlan, _ buffers: PieceBuffers, weight: inout Int) {
    do throws(WireError) {
      while end == nil,
        let event = try inbound.nextEvent(from: plan, placing: { placement(of: $0, buffers) })
      {
        switch event {
        case .message(let message):
          weight += Policy.messageWeight
          try received(message)
        case .block(let block, let placement): received(block, placement, buffers)
        }
      }
    } catch {
      stop(.violation(error))
    }
  }

  private func layOut(_ plan: ReadPlan, _ buffers: PieceBuffers) {
    inbound.layOut(
      plan, expectsBlocks: swarm.exchange.owesBlocks(number),
      next: { index in
        guard let next = swarm.exchange.expected(index, of: number) else { return nil }
        return ExpectedBlock(next.block, buffers.placement(of: next.block, next.place))
      }, placing: { placement(of: $0, buffers) })
  }

  private func placement(of block: Block, _ buffers: PieceBuffers) -> BlockPlacement {
    buffers.placement(of: block, swarm.exchange.place(of: block, from: number, now: clock.now))
  }

  private func received(_ block: Block, _ placement: BlockPlacement, _ buffers: PieceBuffers) {
    let now = clock.now
    machine.receivedPayload(now: now)
    if placement == .aside, let bytes = unsafe inbound.asideBytes,
      swarm.exchange.place(of: block, isDuplicate: false) == .inPiece
    {
      unsafe buffers.copy(bytes, to: block)
    }
    swarm.exchange.arrived(block, from: number, isKept: placement != .discard, now: now)
  }

  // MARK: - Before the pieces are known

  private func readPrelude(weight: inout Int) -> IOResult {
    var result = IOResult.wouldBlock
    let chunk = unsafe [UInt8](unsafeUninitializedCapacity: Policy.preludeLength) { buffer, count in
      result = unsafe transport.read(into: UnsafeMutableRawBufferPointer(buffer))
      if case .bytes(let read) = result { count = read }
    }
    guard case .bytes(let count) = result else { return result }
    prelude?.receive(chunk)
    weight += count
    do throws(WireError) {
      while end == nil, let message = try prelude?.nextMessage() {
        weight += Policy.messageWeight
        try received(message)
      }
    } catch {
      stop(.violation(error))
    }
    swarm.metadata?.askForPieces()
    giveMetadata(now: clock.now)
    swarm.drain()
    flush()
    return result
  }

  // MARK: - Messages

  private func received(_ message: PeerMessage) throws(WireError) {
    let now = clock.now
    switch try machine.received(message, now: now) {
    case .none: break
    case .choked: swarm.exchange.choked(by: number, now: now)
    case .unchoked: swarm.exchange.unchoked(by: number, now: now)
    case .interested(let isInterested):
      swarm.exchange.interested(number, isInterested, now: now)
    case .has(let piece): swarm.exchange.has(number, piece)
    case .hasAll(let pieces): swarm.exchange.has(number, pieces)
    case .requested(let block): swarm.exchange.requested(block, by: number)
    case .cancelled(let block): swarm.exchange.cancelled(block, by: number)
    case .extended(let handshake): introduced(handshake)
    case .extensionMessage(let kind, let payload): try received(kind, payload)
    case .dhtPort(let port):
      guard swarm.usesDHT else { return }
      swarm.session.heardOfNode(at: Endpoint(address: endpoint.address, port: port))
    }
  }
}
