import Networking
import Primitives
import Storage
import Swarm

/// What happens by the clock: twice a second rates, late blocks and progress; every ten seconds
/// choking; every few seconds the saved state.
///
/// Nothing on the way from the start to the first byte, or from the last byte to the exit, waits
/// for it.
@Reactor
final class Pulse {
  private static let interval = Duration.milliseconds(500)
  private static let ticksPerRechoke = 20
  private static let ticksPerSave = 10

  private unowned let pipeline: Pipeline
  private let wakeup = Wakeup()
  private var isClosed = false
  private var savedPieces = 0

  init(pipeline: Pipeline) {
    self.pipeline = pipeline
  }

  func run() async {
    let clock = pipeline.environment.clock
    var ticks = 0
    while !isClosed {
      let outcome = await clock.wait(for: wakeup, until: clock.now + Self.interval)
      guard !isClosed, outcome != .cancelled else { return }
      ticks += 1
      for session in pipeline.roster.sessions { session.tick(now: clock.now) }
      pipeline.work.wakeIdle()
      pipeline.events.send(.progress(pipeline.snapshot()))
      if ticks.isMultiple(of: Self.ticksPerRechoke) { pipeline.roster.rechoke() }
      if ticks.isMultiple(of: Self.ticksPerSave) { await save() }
    }
  }

  func close() {
    isClosed = true
    wakeup.fire()
  }

  /// Notes on disk which pieces are there, so that a killed run knows its files again.
  private func save() async {
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
