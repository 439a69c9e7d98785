/// A unit of work for the loop, tagged with its origin.
///
/// The tag decides how the job is run. A job of the actor carries the actor's isolation; a job of
/// the task executor does not. Running one as the other costs several needless hops per `await`.
enum LoopJob: Sendable {
  /// A job of code isolated to the reactor.
  case isolated(UnownedJob)
  /// A job of nonisolated code whose task prefers the loop.
  case preferred(UnownedJob)
  /// A closure enqueued by one of our own sources.
  case closure(@Sendable @Reactor () -> Void)
}

/// A first-in, first-out queue in a ring buffer that grows and never shrinks.
///
/// Its length is at most the number of runnable tasks, which callers bound by bounding their tasks.
struct JobQueue: Sendable {
  private var slots: [LoopJob?]
  private var head = 0

  /// The number of waiting jobs.
  private(set) var count = 0

  init() {
    slots = Array(repeating: nil, count: 256)
  }

  /// A Boolean value indicating whether the queue is empty.
  var isEmpty: Bool { count == 0 }

  /// Adds a job at the end.
  mutating func append(_ job: LoopJob) {
    if count == slots.count { grow() }
    slots[(head &+ count) & (slots.count &- 1)] = job
    count &+= 1
  }

  /// Removes and returns the first job, or nil if there is none.
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
