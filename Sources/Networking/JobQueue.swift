/// A piece of work for the loop, tagged with where it came from.
///
/// The tag decides how the job is run: an actor's job carries the actor's isolation, a task
/// executor's does not. Running one as the other costs several needless hops for each await.
enum LoopJob: Sendable {
  /// A job of code isolated to the reactor.
  case isolated(UnownedJob)
  /// A job of nonisolated code whose task prefers the loop.
  case preferred(UnownedJob)
  /// A closure that one of our own sources wants to have run.
  case closure(@Sendable @Reactor () -> Void)
}

/// A first-in, first-out queue in a ring that grows and never shrinks.
///
/// It is as long as the number of tasks that can run, which its users bound by bounding their tasks.
struct JobQueue: Sendable {
  private var slots: [LoopJob?]
  private var head = 0

  /// How many jobs wait.
  private(set) var count = 0

  init() {
    slots = Array(repeating: nil, count: 256)
  }

  /// Whether no job waits.
  var isEmpty: Bool { count == 0 }

  /// Adds a job at the end.
  mutating func append(_ job: LoopJob) {
    if count == slots.count { grow() }
    slots[(head &+ count) & (slots.count &- 1)] = job
    count &+= 1
  }

  /// Takes the first job; nil when there is none.
  mutating func popFirst() -> LoopJob? {
    guard count > 0 else { return nil }
    let job = slots[head].take()
    head = (head &+ 1) & (slots.count &- 1)
    count &-= 1
    return job
  }

  private mutating func grow() {
    let ordered = slots[head...] + slots[..<head]
    slots = Array(ordered) + Array(repeating: nil, count: slots.count)
    head = 0
  }
}
