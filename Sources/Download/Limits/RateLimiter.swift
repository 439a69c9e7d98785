import Networking
import Primitives
import Swarm

/// A bound on bytes per second that any number of connections, and of runs, share.
///
/// Whoever wants to move bytes takes turns with all others, a small amount at a time, so a fast peer
/// leaves room for the slow ones and for everybody's small messages. Give the same limiter to the
/// options of several runs, and they share the rate.
public final class RateLimiter: Sendable {
  /// The bound, at least 1.
  public let bytesPerSecond: Int

  @Reactor private var bucket: TokenBucket
  @Reactor private var waiting = Fifo<Turn>()
  @Reactor private var timer: TimerID?
  /// What peers may owe, if this is a limit on what we receive.
  @Reactor var quota: RequestQuota
  /// When the quota learned last, and what was lost of the rate by then.
  @Reactor private var lesson: (time: Instant, spilled: Double)?

  /// Creates a limiter of that many bytes per second.
  public init(bytesPerSecond: Int) {
    self.bytesPerSecond = max(1, bytesPerSecond)
    bucket = TokenBucket(bytesPerSecond: bytesPerSecond)
    quota = RequestQuota(bytesPerSecond: bytesPerSecond)
  }

  /// Twice a second, however many runs say so: adapts the quota to what comes of it.
  @Reactor
  func tick(now: Instant) {
    let spilled = bucket.spilled(by: now)
    guard let last = lesson else { return lesson = (now, spilled) }
    let time = (now - last.time).inSeconds
    guard time > 0.4 else { return }
    quota.learn(unusedShare: (spilled - last.spilled) / (time * bucket.rate))
    lesson = (now, spilled)
  }

  /// A place in the queue of a limiter, for one user that wants one thing at a time.
  @Reactor
  final class Turn {
    fileprivate let wakeup = Wakeup()
    fileprivate var count = 0
    fileprivate var isGranted = false
    fileprivate private(set) var isClosed = false

    nonisolated init() {}

    /// Ends a wait for the turn, and all later ones.
    func close() {
      isClosed = true
      wakeup.fire()
    }
  }

  /// How many bytes one turn should move: what the rate brings in a fiftieth of a second, but enough
  /// to be worth a system call and no more than one of them moves.
  var quantum: Int { min(max(bytesPerSecond / 50, 512), 256 << 10) }

  /// Takes the right to move as many bytes as the rate allows by now, at most `limit`; none when
  /// others wait for it.
  @Reactor
  func takeWhatIsThere(upTo limit: Int, now: Instant) -> Int {
    waiting.isEmpty ? bucket.takeWhatIsThere(upTo: limit, now: now) : 0
  }

  /// Counts bytes that are moved without waiting for a turn: few ones, which would otherwise stand
  /// behind all the payload.
  @Reactor
  func charge(_ count: Int, now: Instant) {
    bucket.charge(count, now: now)
  }

  /// Waits for the right to move `count` bytes; false when the turn is closed or the task cancelled.
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

  /// Puts back what was taken and not used.
  @Reactor
  func giveBack(_ count: Int, clock: any LoopClock) {
    guard count > 0 else { return }
    bucket.giveBack(count)
    serve(clock)
  }

  /// Lets everybody go whom the rate allows by now, in the order in which they came.
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
    // The timer was set for what the first one wanted.
    clock.cancel(timer)
    self.timer = nil
    serve(clock)
  }
}
