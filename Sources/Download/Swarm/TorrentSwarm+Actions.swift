import Networking
import PeerWire
import Primitives
import Swarm

/// The state of carrying out actions.
struct DrainState {
  /// The array that is exchanged for that of the exchange.
  var actions: [ExchangeAction] = []
  var isUnderWay = false
  /// The connections that have something to send, in the order in which they got it.
  var unsent: [PeerConnection] = []
  /// The connection of the last action; most actions for one peer come in a row.
  var latest: PeerConnection?
  /// The timer for the next decision that was put off, and its time.
  var timer: (id: TimerID, time: Instant)?
  /// The number of blocks that the rate limiter counts for this swarm.
  var counted = 0

  /// Records that a connection has something to send.
  mutating func note(unsent connection: PeerConnection) {
    if unsent.last !== connection { unsent.append(connection) }
  }
}

// The actions of the exchange, carried out in order.

extension TorrentSwarm {
  /// Carries out the actions of the exchange, until there are none.
  ///
  /// Inputs that arise meanwhile only append further actions, so nothing is re-entrant.
  func drain() {
    guard !draining.isUnderWay else { return }
    draining.isUnderWay = true
    // Taken and not copied, because an array that is shared would be allocated anew.
    var batch: [ExchangeAction] = []
    swap(&batch, &draining.actions)
    while exchange.hasActions {
      batch.removeAll(keepingCapacity: true)
      exchange.swapActions(&batch)
      for action in batch { perform(action) }
      send()
    }
    draining.actions = batch
    draining.latest = nil
    draining.isUnderWay = false
    settleBudgets()
    scheduleDecisions()
  }

  private func perform(_ action: ExchangeAction) {
    switch action {
    case .request(let block, let peer): say(.request(block), to: peer)
    case .cancel(let block, let peer): cancel(block, at: peer)
    case .interest(let peer, let isInterested):
      say(isInterested ? .interested : .notInterested, to: peer)
    case .choke(let peer, let isChoking): say(isChoking ? .choke : .unchoke, to: peer)
    case .have(let piece, let peer): say(.have(piece), to: peer)
    case .serve(let peer): connection(peer)?.wakeups.server.fire()
    case .wake(let source): wake(source)
    case .resume(let source): resume(source)
    case .reserve(let piece): content?.buffers.reserve(piece)
    case .release(let piece): content?.buffers.release(piece)
    case .hash(let piece, let isUrgent): content?.verifier.submit(piece, isUrgent: isUrgent)
    case .advance(let piece): content?.verifier.advanced(piece)
    case .discard(let piece): content?.verifier.forget(piece)
    case .close(let peer, let parting): connection(peer)?.stop(PeerEnd(parting))
    case .ban(let peer, let piece): ban(peer, reason: "sent corrupt data for piece \(piece)")
    case .complete: owner.completed()
    }
  }

  private func say(_ message: PeerMessage, to peer: PeerNumber) {
    guard let connection = connection(peer) else { return }
    connection.say(message)
    draining.note(unsent: connection)
  }

  private func cancel(_ block: Block, at source: PeerNumber) {
    guard let connection = connection(source) else {
      return content?.webSeeds.cancel(block, at: source) ?? ()
    }
    connection.cancel(block)
    draining.note(unsent: connection)
  }

  private func wake(_ source: PeerNumber) {
    guard let connection = connection(source) else {
      return content?.webSeeds.connection(source)?.wakeups.lane.fire() ?? ()
    }
    connection.isLaneDue = true
    connection.wakeups.lane.fire()
  }

  private func resume(_ source: PeerNumber) {
    if let connection = connection(source) { return connection.wakeups.reader.fire() }
    content?.webSeeds.connection(source)?.wakeups.backlog.fire()
  }

  /// Sends the collected messages; a lane that is due sends them together with its own requests.
  private func send() {
    for connection in draining.unsent where !connection.isLaneDue { connection.flush() }
    draining.unsent.removeAll(keepingCapacity: true)
  }

  /// Returns the connection to a peer, while it lasts.
  ///
  /// The search goes over the numbers alone, because a look at each connection is a cache miss.
  func connection(_ number: PeerNumber) -> PeerConnection? {
    if let latest = draining.latest, latest.number == number { return latest }
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = low + (high - low) / 2
      if numbers[middle] < number { low = middle + 1 } else { high = middle }
    }
    guard low < numbers.count, numbers[low] == number else { return nil }
    draining.latest = connections[low]
    return connections[low]
  }

  // MARK: - Decisions that were put off

  private func scheduleDecisions() {
    let deadline = exchange.deadline
    guard deadline != draining.timer?.time else { return }
    if let timer = draining.timer { clock.cancel(timer.id) }
    draining.timer = deadline.map { time in
      let id = clock.schedule(at: time) { [weak self] in self?.timePassed() }
      return (id, time)
    }
  }

  private func timePassed() {
    draining.timer = nil
    exchange.timePassed(now: clock.now)
    drain()
  }

  // MARK: - Budgets

  /// Tells the exchange how much of the process's memory and download rate it may use now.
  func lookAtBudgets() {
    if let content { exchange.setRoom(content.buffers.sessionHasRoom) }
    guard let limiter = session.options.downloadLimiter else { return }
    exchange.quota = OwedQuota(
      limit: limiter.quota.limit(besides: limiter.quota.owed - draining.counted),
      isReached: limiter.quota.isReached)
  }

  /// Tells the rate limiter how much peers owe.
  private func settleBudgets() {
    guard let limiter = session.options.downloadLimiter else { return }
    limiter.quota.owed += exchange.owedInTime - draining.counted
    draining.counted = exchange.owedInTime
  }
}

extension PeerEnd {
  /// Creates the end for a reason of the exchange.
  init(_ parting: ExchangeAction.Parting) {
    self =
      switch parting {
      case .nothingToExchange: .nothingToExchange
      case .stalled: .stalled
      case .unrequested(let block): .violation(.unrequestedBlock(block))
      case .tooManyRequests(let limit): .violation(.tooManyRequests(limit: limit))
      case .inactive: .inactive
      case .replaced: .replaced
      }
  }
}

// Verdicts of the verifier.

extension TorrentSwarm {
  /// Acts on the verdict on a piece.
  func judged(_ verdict: PieceVerifier.Verdict) {
    if let failure = verdict.failure { return owner.finish(.failure(.storage(failure))) }
    let piece = verdict.piece
    if !verdict.isGood {
      owner.failed(piece, senders: endpoints(of: exchange.board.senders(of: piece)))
    }
    exchange.judged(piece, isGood: verdict.isGood, digests: verdict.blockDigests)
    if verdict.isGood {
      owner.verified(piece)
      exchange.written(piece)
    }
    drain()
  }
}

extension TorrentSwarm {
  /// Lets lanes that waited for memory pull.
  func memoryFreed() {
    lookAtBudgets()
    exchange.wakeIdle()
    drain()
  }
}
