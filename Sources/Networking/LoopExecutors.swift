/// The serial executor that runs everything isolated to `Reactor` on the loop.
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

/// The task executor that a whole task tree prefers.
///
/// It is a separate object that feeds the same job ring. When one object plays both roles, the
/// runtime hops five to eight times for each element of an asynchronous sequence.
final class LoopTaskExecutor: TaskExecutor {
  private let loop: EventLoop

  init(loop: EventLoop) {
    self.loop = loop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    loop.enqueue(.preferred(UnownedJob(job)))
  }
}
