import Networking
import Primitives
import Storage
import Swarm

/// The periodic work of an exchange.
///
/// Rates, late blocks and progress are due twice a second, choking every ten seconds, and saving
/// the state every few seconds. Nothing between the start and the first byte, or between the last
/// byte and the exit, waits for it.
@Reactor
final class Pulse {
  private static let interval = Duration.milliseconds(500)
  private static let ticksPerRechoke = 20
  private static let ticksPerSave = 10

  private unowned let pipeline: Pipeline
  private let wakeup = Wakeup()
  private var isClosed = false
  private var savedPieces = 0
  private var watch: DeadlineWatch
  private let goal: SeedingGoal?

  init(pipeline: Pipeline) {
    self.pipeline = pipeline
    watch = DeadlineWatch(
      pipeline.options.torrent.limits.deadlines, now: pipeline.environment.clock.now)
    goal = SeedingGoal(pipeline.options)
  }

  func run() async {
    let clock = pipeline.environment.clock
    var ticks = 0
    while !isClosed {
      let outcome = await clock.wait(for: wakeup, until: clock.now + Self.interval)
      guard !isClosed, outcome != .cancelled else { return }
      ticks += 1
      pipeline.options.session.downloadLimiter?.tick(now: clock.now)
      for session in pipeline.roster.sessions { session.tick(now: clock.now) }
      pipeline.roster.exchangePeers(now: clock.now)
      pipeline.webSeeds.tick(now: clock.now)
      pipeline.work.wakeIdle()
      let progress = pipeline.snapshot()
      pipeline.events.send(.progress(progress))
      checkEnd(progress, now: clock.now)
      if ticks.isMultiple(of: Self.ticksPerRechoke) {
        pipeline.roster.rechoke()
        pipeline.roster.reviewPeers()
      }
      if ticks.isMultiple(of: Self.ticksPerSave) { await save() }
    }
  }

  func close() {
    isClosed = true
    wakeup.fire()
  }

  /// Ends a download that has passed a deadline, or seeding that has reached its goal.
  private func checkEnd(_ progress: ProgressSnapshot, now: Instant) {
    if let since = pipeline.seedingSince {
      guard let goal, goal.isReached(shareRatio: progress.shareRatio, after: now - since) else {
        return
      }
      return pipeline.finish(.success(()))
    }
    let facts = DeadlineWatch.Facts(
      usefulBytes: progress.downloadedBytes - progress.wastedBytes,
      connectedPeers: progress.connectedPeers, hasReachedAnybody: pipeline.hasReachedAnybody)
    if let error = watch.check(facts, now: now) { pipeline.finish(.failure(error)) }
  }

  /// Saves the set of verified pieces, so that the next run recognizes its files even after a kill.
  private func save() async {
    // A seed writes nothing.
    guard !pipeline.options.torrent.content.seedsOnly else { return }
    let verified = pipeline.work.board.verified
    guard verified.population != savedPieces else { return }
    savedPieces = verified.population
    let storage = pipeline.storage
    let failure = await pipeline.environment.workers.run { () -> StorageError? in
      do throws(StorageError) {
        try storage.saveProgress(verified: verified)
        return nil
      } catch {
        return error
      }
    }
    if let failure { pipeline.finish(.failure(.storage(failure))) }
  }
}
