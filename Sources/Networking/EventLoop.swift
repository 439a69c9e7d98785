internal import CPosix
internal import Glibc
internal import Primitives
internal import Synchronization

/// The loop behind `Reactor`: job ring, timers and poller, turned by one thread.
///
/// A turn fires the timers that are due, runs a bounded number of jobs and polls the descriptors:
/// at once while there are more jobs, else until the next timer. Jobs from the loop's own thread go
/// straight to the ring; those from other threads through an inbox, with one wake for a batch.
@Reactor
final class EventLoop {
  /// How many jobs run between two polls, so that neither jobs nor sockets starve.
  private static let jobsPerTurn = 128
  /// How long jobs may take between two polls, looked at every few jobs.
  private static let timePerTurn = Duration.milliseconds(2)

  private struct Inbox {
    var jobs = JobQueue()
    /// Whether the loop waits in the poller, or is about to, and has not been woken yet.
    var needsWake = false
  }

  private nonisolated let inbox = Mutex(Inbox())
  private nonisolated let thread = Atomic<UInt>(0)
  private nonisolated let wakeDescriptor: Int32

  /// Sources of work for when no job is left.
  var idleSources: [any IdleSource] = []

  /// The time at the beginning of this turn.
  private(set) var now: Instant

  /// The live timers.
  var timers = TimerQueue<@Reactor () -> Void>()

  /// The descriptors that are watched.
  let poller: Poller

  private var ring = JobQueue()

  nonisolated init() {
    wakeDescriptor = cposix_eventfd()
    poller = Poller(wakeDescriptor: wakeDescriptor)
    now = Self.readClock()
  }

  /// Whether the caller is on the loop's thread.
  nonisolated var isCurrentThread: Bool {
    pthread_self() == thread.load(ordering: .relaxed)
  }

  /// Appends a job; callable from any thread.
  nonisolated func enqueue(_ job: LoopJob) {
    guard !isCurrentThread else {
      return Self.onLoop { self.ring.append(job) }
    }
    let wakes = inbox.withLock { inbox in
      inbox.jobs.append(job)
      defer { inbox.needsWake = false }
      return inbox.needsWake
    }
    if wakes {
      var one: UInt64 = 1
      _ = write(wakeDescriptor, &one, 8)
    }
  }

  /// Starts the thread, which holds the loop from then on.
  nonisolated func start(serial: LoopSerialExecutor, preferred: LoopTaskExecutor) {
    let executors = (
      serial: serial.asUnownedSerialExecutor(), preferred: preferred.asUnownedTaskExecutor()
    )
    Thread.start {
      self.thread.store(pthread_self(), ordering: .relaxed)
      Self.onLoop { self.run(executors) }
    }
  }

  /// Isolates `body`, whose caller has made sure that this is the loop's thread.
  private nonisolated static func onLoop(_ body: @Reactor () -> Void) {
    withoutActuallyEscaping(body) { body in
      unsafeBitCast(body, to: (() -> Void).self)()
    }
  }

  // MARK: - Turns

  private func run(
    _ executors: (serial: UnownedSerialExecutor, preferred: UnownedTaskExecutor)
  ) -> Never {
    while true {
      now = Self.readClock()
      fireTimers()
      let hasMore = runJobs(executors.serial, executors.preferred)
      poller.poll(milliseconds: hasMore || !prepareToWait() ? 0 : millisecondsToNextTimer())
    }
  }

  private func fireTimers() {
    let last = timers.lastSequence
    while let action = timers.popFirst(dueAt: now, scheduledUpTo: last) { action() }
  }

  /// Runs up to a turn's worth of jobs and idle events; true when there may be more.
  private func runJobs(
    _ serial: UnownedSerialExecutor, _ preferred: UnownedTaskExecutor
  ) -> Bool {
    for number in 1...Self.jobsPerTurn {
      if number & 7 == 0, Self.readClock() - now > Self.timePerTurn { break }
      guard let job = nextJob() else {
        if idleSources.contains(where: { $0.runNextEvent() }) { continue }
        return false
      }
      switch job {
      case .isolated(let job): job.runSynchronously(isolatedTo: serial, taskExecutor: preferred)
      case .preferred(let job): job.runSynchronously(on: preferred)
      case .closure(let body): body()
      }
    }
    return true
  }

  private func nextJob() -> LoopJob? {
    if let job = ring.popFirst() { return job }
    inbox.withLock { inbox in
      if !inbox.jobs.isEmpty { swap(&inbox.jobs, &ring) }
    }
    return ring.popFirst()
  }

  /// Arranges to be woken by the next remote job; false when one is there already.
  private func prepareToWait() -> Bool {
    guard ring.isEmpty else { return false }
    return inbox.withLock { inbox in
      inbox.needsWake = inbox.jobs.isEmpty
      return inbox.needsWake
    }
  }

  private func millisecondsToNextTimer() -> Int32 {
    guard let deadline = timers.nextDeadline else { return -1 }
    let wait = (deadline - Self.readClock()).inNanoseconds
    // Rounded up, so that a turn never comes just before its timer.
    return wait <= 0 ? 0 : Int32(clamping: (wait - 1) / 1_000_000 + 1)
  }

  private nonisolated static func readClock() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
