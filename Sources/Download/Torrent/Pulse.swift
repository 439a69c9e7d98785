import Networking
import Primitives
import Storage
import Swarm

/// The periodic work of a torrent's run.
///
/// Rates, late blocks and progress are due twice a second, and saving the state every few seconds.
/// Nothing between the start and the first byte, or between the last byte and the exit, waits for
/// it.
@Reactor
final class Pulse {
  private static let interval = Duration.milliseconds(500)
  private static let ticksPerSecond = 2
  private static let ticksPerSave = 10

  private unowned let run: TorrentRun
  private let wakeup = Wakeup()
  private var isClosed = false
  private var savedPieces = 0
  private var watch: DeadlineWatch?

  init(run: TorrentRun) {
    self.run = run
  }

  /// Beats until closed or cancelled.
  func beat() async {
    let clock = run.clock
    var ticks = 0
    while !isClosed {
      let outcome = await clock.wait(for: wakeup, until: clock.now + Self.interval)
      guard !isClosed, outcome != .cancelled else { return }
      ticks += 1
      run.session.options.downloadLimiter?.tick(now: clock.now)
      run.swarm.tick(now: clock.now)
      guard run.swarm.content != nil else {
        if ticks.isMultiple(of: Self.ticksPerSecond) {
          run.swarm.metadata?.tick(now: clock.now, events: run.events)
        }
        continue
      }
      run.swarm.content?.webSeeds.tick(now: clock.now)
      let progress = run.snapshot()
      run.events.send(.progress(progress))
      checkEnd(progress, now: clock.now)
      if ticks.isMultiple(of: Self.ticksPerSave) { await save() }
    }
  }

  /// Begins to watch the deadlines of the exchange.
  func watchDeadlines() {
    watch = DeadlineWatch(run.options.limits.deadlines, now: run.clock.now)
  }

  func close() {
    isClosed = true
    wakeup.fire()
  }

  /// Ends a download that has passed a deadline, or seeding that has reached its goal.
  private func checkEnd(_ progress: ProgressSnapshot, now: Instant) {
    if let since = run.seedingSince {
      let goal = SeedingGoal(run.options)
      guard let goal, goal.isReached(shareRatio: progress.shareRatio, after: now - since) else {
        return
      }
      return run.finish(.success(()))
    }
    let facts = DeadlineWatch.Facts(
      usefulBytes: progress.downloadedBytes - progress.wastedBytes,
      connectedPeers: progress.connectedPeers, hasReachedAnybody: run.hasReachedAnybody)
    if let error = watch?.check(facts, now: now) { run.finish(.failure(error)) }
  }

  /// Saves the set of verified pieces, so that the next run recognizes its files even after a kill.
  private func save() async {
    // A seed writes nothing.
    guard !run.options.content.seedsOnly, let storage = run.swarm.content?.storage else { return }
    let verified = run.swarm.exchange.board.verified
    guard verified.population != savedPieces else { return }
    savedPieces = verified.population
    let failure = await run.session.environment.workers.attempt { () throws(StorageError) in
      try storage.saveProgress(verified: verified)
    }
    if let failure { run.finish(.failure(.storage(failure))) }
  }
}
