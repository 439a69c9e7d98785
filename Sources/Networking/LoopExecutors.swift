/// The loop as the executor of everything isolated to `Reactor`.
final class LoopSerialExecutor: SerialExecutor {
  private let loop: EventLoop

  init(loop: EventLoop) {
    self.loop = loop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    loop.enqueue(.isolated(UnownedJob(job)))
  }

  func isIsolatingCurrentContext() -> Bool? {
    loop.isCurrentThread
  }

  func checkIsolated() {
    precondition(loop.isCurrentThread, "this code must run on the loop's thread")
  }
}

/// The loop as the preferred executor of a whole task tree.
///
/// It is a second object on the same job ring: when one object plays both roles, the runtime hops
/// five to eight times for each element of an asynchronous sequence.
final class LoopTaskExecutor: TaskExecutor {
  private let loop: EventLoop

  init(loop: EventLoop) {
    self.loop = loop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    loop.enqueue(.preferred(UnownedJob(job)))
  }
}
