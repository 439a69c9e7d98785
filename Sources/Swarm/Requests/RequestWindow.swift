package import Primitives

/// The blocks asked of one peer and not delivered yet, and how many there may be.
///
/// It begins with 5, the smallest pipeline that hides one round trip on a slow link. While the rate
/// still grows every block that arrives adds four, so that the window is five times as wide after
/// each round trip; after that it holds what the peer delivers in `horizon`, so that it covers the
/// bandwidth-delay product of any real path and a slow peer still holds no more than it can bring
/// soon. `pinned` fixes it. It never exceeds what the peer says it queues, or what the peer has
/// proved to queue, if it does not say. A choke empties it and does not count as slowness: the rate
/// is measured only while the peer serves us, and `ChokeSpells` decides how the window starts
/// again.
///
/// A block is late when nothing has come for much longer than this peer's blocks usually take
/// (mean plus four deviations, within 2 to 60 s); then the peer is snubbed and may owe one block.
/// Bytes of a block that is coming in count as well, but not for ever: a peer that hands out single
/// bytes is late like one that is silent. And one that owes blocks and brings none for `stallLimit`
/// is of no use. Requests that a peer passes over for long, or has forgotten, can be taken back.
package struct RequestWindow: Sendable {
  /// The window of a peer that we know nothing about, in blocks.
  package static let initialTarget = 5
  /// The number of blocks that a peer queues for certain if it did not say so.
  package static let defaultCap = 250
  /// The number of blocks that such a peer may owe once it has proved that it queues them.
  package static let provenCap = 500
  /// The same for a far peer, whose window must cover its long way; no peer may owe more.
  package static let farCap = 2000
  /// From here a peer is far, by the shortest time from a request to its block: in it, `provenCap`
  /// blocks make 800 MB a second, so that nearer ones need no more.
  static let farTrip = Duration.milliseconds(10)
  /// The time that a full window should last.
  static let horizon = 3.0
  /// The number of blocks that each arrival adds at first: a second of them leads to `horizon` at
  /// any rate.
  static let growth = 4
  /// The shortest time for which bytes without a whole block keep a peer from being late.
  static let trickleLimit = Duration.seconds(30)
  /// The time for which a peer may owe blocks without bringing one.
  package static let stallLimit = Duration.seconds(150)
  /// The time for which a late peer may be silent before its blocks are asked for anew, and how
  /// much longer than a request it has answered another must have waited.
  static let forgottenAfter = Duration.seconds(10)
  /// The time that the first block may take.
  static let firstTimeout = Duration.seconds(10)

  private var pinned: Int?
  /// The bytes of a usual block: short pieces make short blocks.
  private var blockLength: Int
  /// The number of requests that the peer queues.
  private var peerQueue: PeerQueue
  /// The time of the latest request among those that the peer has answered.
  private var latestAnswered = Instant.zero
  /// The requests, and how each of them ended.
  package private(set) var ledger: RequestLedger
  private var spells = ChokeSpells()
  /// The blocks that may be owed now, unless snubbed.
  private var window: Int
  private var isInSlowStart = true
  private var lastArrival = Instant.zero
  /// The time at which the latest whole block came.
  private var lastBlock = Instant.zero
  /// The time since which the peer owes something and has brought no block, whatever was asked anew
  /// meanwhile.
  private var owesSince: Instant?
  private var arrivals = ArrivalStatistics()
  private var rate = WindowRate()

  /// A Boolean value indicating whether the peer has let a block come late; it ends with the next
  /// block that comes.
  package private(set) var isSnubbed = false

  /// Creates the window of a peer; `pinned` fixes its size, `cap` bounds it, both in blocks of
  /// `blockLength` bytes.
  package init(
    pinned: Int? = nil, cap: Int = RequestWindow.defaultCap,
    blockLength: Int = Block.standardLength
  ) {
    ledger = RequestLedger()
    self.pinned = pinned.map { max(1, $0) }
    self.blockLength = max(1, blockLength)
    peerQueue = PeerQueue(cap: cap)
    window = min(Self.initialTarget, max(1, cap))
  }

  /// Fixes the size of the window in blocks; nil lets it adapt.
  mutating func pin(_ size: Int?) { pinned = size.map { max(1, $0) } }

  /// Sets the length of a usual block, once the torrent is known.
  mutating func setBlockLength(_ length: Int) { blockLength = max(1, length) }

  /// The number of blocks that may be outstanding now.
  @inline(__always)
  package var target: Int {
    isSnubbed ? 1 : min(pinned ?? window, share, peerQueue.known ?? .max, spells.limit)
  }

  /// The peer's share of the memory for blocks that come in, which bounds the blocks that it owes.
  package var share = Int.max

  /// Takes the number of requests that the peer queues (`reqq`, BEP 10); at most 2000 are used.
  ///
  /// A sixteenth of it is left free: cancelled requests may still be queued there, and some clients
  /// drop the request that fills their queue, without a word.
  package mutating func peerQueues(_ requests: Int) {
    let most = min(max(1, requests), Self.farCap)
    limitQueue(to: most - most / 16)
  }

  private mutating func limitQueue(to limit: Int) {
    peerQueue.limit(to: limit)
    window = min(window, limit)
  }

  /// The number of outstanding blocks.
  @inline(__always)
  package var count: Int { ledger.count }

  /// A Boolean value indicating whether nothing is outstanding.
  @inline(__always)
  package var isEmpty: Bool { ledger.isEmpty }

  /// The number of further blocks that may be asked for now.
  @inline(__always)
  package var room: Int { max(0, target - count) }

  /// The bytes per second that the peer delivered lately, while it served us.
  package var bytesPerSecond: Double { rate.bytesPerSecond }

  /// Returns that rate, which is known from soon after the first block on.
  package func estimatedRate(now: Instant) -> Double { rate.estimate(now: now) }

  /// Returns whether the peer may be asked now; a peer that chokes us all the time sometimes may
  /// not.
  @inline(__always)
  package func mayAsk(now: Instant) -> Bool { spells.mayAsk(now: now) }

  /// Returns whether the peer has not choked us for a while, so that no choke is expected soon.
  @inline(__always)
  package func isSteady(now: Instant) -> Bool { spells.isSteady(now: now) }

  // MARK: - Events

  /// Records that a request was sent.
  package mutating func requested(_ block: Block, isDuplicate: Bool, now: Instant) {
    spells.asked(now: now)
    ledger.asked(for: block, isDuplicate: isDuplicate, now: now)
    if owesSince == nil { owesSince = now }
  }

  /// Records the arrival of a whole block; returns whether it was requested.
  package mutating func received(_ block: Block, now: Instant) -> BlockStanding {
    switch ledger.received(block, now: now) {
    case .answer(let request, let isInOrder):
      rate.add(block.length, now: now)
      answered(request, isInOrder: isInOrder, now: now)
      return .owed(isDuplicate: request.isDuplicate)
    case .late:
      rate.add(block.length, now: now)
      return .late
    case .unrequested: return .unrequested
    }
  }

  private mutating func answered(
    _ request: RequestLedger.Request, isInOrder: Bool, now: Instant
  ) {
    arrivals.add(max(.zero, now - max(request.sent, lastArrival)))
    lastArrival = now
    lastBlock = now
    latestAnswered = max(latestAnswered, request.sent)
    isSnubbed = false
    owesSince = ledger.isEmpty ? nil : now
    spells.answered()
    peerQueue.learn(isInOrder: isInOrder, trip: now - request.sent)
    grow()
  }

  /// Records that bytes of a block came: the peer is alive even if the block takes long.
  package mutating func progressed(now: Instant) {
    lastArrival = now
  }

  /// Records that the peer was told not to send a block; returns false if it was not outstanding.
  package mutating func cancelled(_ block: Block, now: Instant) -> Bool {
    guard ledger.cancelled(block, now: now) else { return false }
    if ledger.isEmpty { owesSince = nil }
    return true
  }

  /// Records that the peer chokes us and drops its requests; returns their blocks.
  package mutating func choked(now: Instant) -> [Block] {
    owesSince = nil
    spells.choked(now: now)
    rate.pause(now: now)
    return ledger.choked(now: now)
  }

  /// Records that the peer unchokes us.
  package mutating func unchoked(now: Instant) {
    rate.resume(now: now)
  }

  /// Takes back the requests that the peer seems to have forgotten: those that it has passed
  /// over for long, and everything once it is late and nothing at all has come for a while.
  ///
  /// Some clients drop a request without a word when their queue is full, and nobody else may be
  /// there to ask. The number of requests that such a client has kept tells how long its queue is.
  package mutating func takeForgotten(now: Instant) -> [Block] {
    guard let first = ledger.first else { return [] }
    let isSilent = isSnubbed && now - max(first.sent, lastArrival) > Self.forgottenAfter
    let latestAnswered = latestAnswered
    let forgotten = ledger.requests.prefix {
      isSilent || latestAnswered - $0.sent > Self.forgottenAfter
    }.count
    // One that only answers in an order of its own passes over few. An eighth of what was kept is
    // left free: some of it may have been dropped later.
    let kept = count - forgotten
    if kept > 0, forgotten > kept / 8 {
      limitQueue(to: min(peerQueue.cap, max(Self.initialTarget, kept - kept / 8)))
    }
    return ledger.timedOut(first: forgotten, now: now)
  }

  /// Measures the rate and looks for a late block; call it about once a second.
  ///
  /// Returns whether the peer became snubbed with this call.
  package mutating func tick(now: Instant) -> Bool {
    if let growth = rate.tick(now: now), pinned == nil {
      if isInSlowStart, growth.before > 0, growth.now < growth.before * 1.05 {
        isInSlowStart = false
      }
      if !isInSlowStart { window = sustainable }
    }
    guard !isSnubbed, let first = ledger.first else { return false }
    let timeout = arrivals.timeout
    guard
      now - max(first.sent, lastArrival) > timeout
        || now - max(first.sent, lastBlock) > max(timeout, Self.trickleLimit)
    else { return false }
    isSnubbed = true
    isInSlowStart = false
    return true
  }

  /// Returns whether the peer has owed a block for so long, and brought none meanwhile, that it
  /// holds up others for nothing.
  package func isStalled(now: Instant) -> Bool {
    owesSince.map { now - $0 > Self.stallLimit } ?? false
  }

  // MARK: - Size

  private var sustainable: Int {
    let blocks = rate.bytesPerSecond * Self.horizon / Double(blockLength)
    return min(peerQueue.cap, max(2, Int(min(blocks, Double(peerQueue.cap)))))
  }

  private mutating func grow() {
    if isInSlowStart, pinned == nil { window = min(peerQueue.cap, window + Self.growth) }
  }
}
