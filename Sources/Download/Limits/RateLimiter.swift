import Networking
import Primitives
import Swarm

/// A rate limit in bytes per second, shared by any number of connections and torrents.
///
/// Users take turns with small amounts, so a fast peer leaves room for slow peers and for small
/// messages. Sessions whose options contain the same limiter share its rate.
public final class RateLimiter: Sendable {
  /// The limit, at least 1.
  public let bytesPerSecond: Int

  @Reactor private var bucket: TokenBucket
  @Reactor private var waiting = Fifo<Turn>()
  @Reactor private var timer: TimerID?
  /// The limit on outstanding requests, if this limiter bounds the download rate.
  @Reactor var quota: RequestQuota
  /// The time of the quota's last adaptation, and the unused share of the rate up to then.
  @Reactor private var lesson: (time: Instant, spilled: Double)?

  /// Creates a limiter.
  public init(bytesPerSecond: Int) {
    self.bytesPerSecond = max(1, bytesPerSecond)
    bucket = TokenBucket(bytesPerSecond: bytesPerSecond)
    quota = RequestQuota(bytesPerSecond: bytesPerSecond)
  }

  /// Adapts the quota to the achieved rate; called twice a second by each run.
  @Reactor
  func tick(now: Instant) {
    let spilled = bucket.spilled(by: now)
    guard let last = lesson else { return lesson = (now, spilled) }
    let time = (now - last.time).inSeconds
    guard time > 0.4 else { return }
    quota.learn(unusedShare: (spilled - last.spilled) / (time * bucket.rate))
    lesson = (now, spilled)
  }

  /// A place in the queue of a limiter, for a user that waits for one thing at a time.
  @Reactor
  final class Turn {
    fileprivate let wakeup = Wakeup()
    fileprivate var count = 0
    fileprivate var isGranted = false
    fileprivate private(set) var isClosed = false

    nonisolated init() {}

    /// Ends the current wait and all later ones.
    func close() {
      isClosed = true
      wakeup.fire()
    }
  }

  /// The number of bytes that one turn should move.
  ///
  /// It is a fiftieth of a second's worth, but large enough to justify a system call and no more
  /// than one call moves.
  var quantum: Int { min(max(bytesPerSecond / 50, 512), 256 << 10) }

  /// Takes as many bytes as the rate allows now, at most `limit`; takes none while others are
  /// queued.
  @Reactor
  func takeWhatIsThere(upTo limit: Int, now: Instant) -> Int {
    waiting.isEmpty ? bucket.takeWhatIsThere(upTo: limit, now: now) : 0
  }

  /// Charges bytes that are moved without a turn.
  ///
  /// This suits small messages, which would otherwise queue behind all the payload.
  @Reactor
  func charge(_ count: Int, now: Instant) {
    bucket.charge(count, now: now)
  }

  /// Waits for permission to move `count` bytes; returns false if the turn is closed or the task
  /// cancelled.
  ///
  /// A turn can wait for one thing at a time.
  @Reactor
  func take(_ count: Int, turn: Turn, clock: any LoopClock) async -> Bool {
    guard !turn.isClosed else { return false }
    if waiting.isEmpty, bucket.take(count, now: clock.now) { return true }
    turn.count = count
    turn.isGranted = false
    waiting.append(turn)
    serve(clock)
    while !turn.isGranted {
      guard await turn.wakeup.wait(), !turn.isClosed else {
        withdraw(turn, clock)
        return false
      }
    }
    return true
  }

  /// Returns bytes that were taken but not used.
  @Reactor
  func giveBack(_ count: Int, clock: any LoopClock) {
    guard count > 0 else { return }
    bucket.giveBack(count)
    serve(clock)
  }

  /// Grants turns in order of arrival, as far as the rate allows now.
  @Reactor
  private func serve(_ clock: any LoopClock) {
    let now = clock.now
    while let first = waiting.first, bucket.take(first.count, now: now) {
      _ = waiting.popFirst()
      first.isGranted = true
      first.wakeup.fire()
    }
    guard timer == nil, let first = waiting.first else { return }
    timer = clock.schedule(at: bucket.time(of: first.count, now: now)) { [weak self] in
      self?.timer = nil
      self?.serve(clock)
    }
  }

  @Reactor
  private func withdraw(_ turn: Turn, _ clock: any LoopClock) {
    if turn.isGranted { return giveBack(turn.count, clock: clock) }
    let elements = waiting.elements
    guard let index = elements.firstIndex(where: { $0 === turn }) else { return }
    waiting.remove(at: index - elements.startIndex)
    guard index == elements.startIndex, let timer else { return }
    // The timer was set for the first turn's amount.
    clock.cancel(timer)
    self.timer = nil
    serve(clock)
  }
}
