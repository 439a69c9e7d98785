internal import CPosix
internal import Glibc
internal import Primitives
internal import Synchronization

/// The event loop behind `Reactor`: a job ring, timers and a poller driven by one thread.
///
/// Each turn fires the timers that are due, runs a bounded number of jobs and polls the
/// descriptors. The poll returns at once while jobs remain and otherwise blocks until the next
/// timer. Jobs from the loop's own thread go straight to the ring. Jobs from other threads go
/// through an inbox, with one wake-up per batch.
@Reactor
final class EventLoop {
  /// The number of jobs run between two polls, so that neither jobs nor sockets starve.
  private static let jobsPerTurn = 128
  /// The time that jobs may take between two polls, checked every eight jobs.
  private static let timePerTurn = Duration.milliseconds(2)

  private struct Inbox {
    var jobs = JobQueue()
    /// A Boolean value indicating whether the loop blocks in the poller, or is about to, and has
    /// not been woken.
    var needsWake = false
  }

  private nonisolated let inbox = Mutex(Inbox())
  private nonisolated let thread = Atomic<UInt>(0)
  private nonisolated let wakeDescriptor: Int32

  /// Sources of work that are asked when no job is left.
  var idleSources: [any IdleSource] = []

  /// The time at the start of the current turn, which stands still while the process is stopped.
  private(set) var time: RunningTime

  /// The pending timers.
  var timers = TimerQueue<@Reactor () -> Void>()

  /// The poller for all watched descriptors.
  let poller: Poller

  private var ring = JobQueue()

  nonisolated init() {
    wakeDescriptor = cposix_eventfd()
    poller = Poller(wakeDescriptor: wakeDescriptor)
    time = RunningTime(at: Self.readClock())
  }

  /// A Boolean value indicating whether the caller runs on the loop's thread.
  nonisolated var isCurrentThread: Bool {
    pthread_self() == thread.load(ordering: .relaxed)
  }

  /// Enqueues a job; callable from any thread.
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
      _ = unsafe write(wakeDescriptor, &one, 8)
    }
  }

  /// Starts the thread, which keeps the loop alive from then on.
  nonisolated func start(serial: LoopSerialExecutor, preferred: LoopTaskExecutor) {
    let executors = unsafe (
      serial: serial.asUnownedSerialExecutor(), preferred: preferred.asUnownedTaskExecutor()
    )
    do throws(NetworkError) {
      try Thread.start {
        self.thread.store(pthread_self(), ordering: .relaxed)
        Self.onLoop { unsafe self.run(executors) }
      }
    } catch {
      // Without its thread there is no loop, and nothing that could report an error.
      preconditionFailure("the event loop cannot be started: \(error)")
    }
  }

  /// Runs `body` with the reactor's isolation; the caller has checked that this is the loop's
  /// thread.
  private nonisolated static func onLoop(_ body: @Reactor () -> Void) {
    withoutActuallyEscaping(body) { body in
      unsafe unsafeBitCast(body, to: (() -> Void).self)()
    }
  }

  // MARK: - Turns

  private func run(
    _ executors: (serial: UnownedSerialExecutor, preferred: UnownedTaskExecutor)
  ) -> Never {
    var wait: Int32 = 0
    while true {
      time.advance(
        to: Self.readClock(), afterWaiting: wait < 0 ? nil : .milliseconds(Int64(wait)),
        work: { MachineClock.processorTime })
      fireTimers()
      let hasMore = unsafe runJobs(executors.serial, executors.preferred)
      wait = hasMore || !prepareToWait() ? 0 : millisecondsToWait()
      poller.poll(milliseconds: wait)
    }
  }

  private func fireTimers() {
    let last = timers.lastSequence
    while let action = timers.popFirst(dueAt: time.now, scheduledUpTo: last) { action() }
  }

  /// Runs up to one turn's worth of jobs and idle events; returns whether there may be more.
  private func runJobs(
    _ serial: UnownedSerialExecutor, _ preferred: UnownedTaskExecutor
  ) -> Bool {
    let start = time.now
    for number in 1...Self.jobsPerTurn {
      if number & 7 == 0, time.projected(to: Self.readClock()) - start > Self.timePerTurn { break }
      guard let job = nextJob() else {
        if idleSources.contains(where: { $0.runNextEvent() }) { continue }
        return false
      }
      switch job {
      case .isolated(let job):
        unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: preferred)
      case .preferred(let job): unsafe job.runSynchronously(on: preferred)
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

  /// Arms the wake-up for the next remote job; returns false if a job is already pending.
  private func prepareToWait() -> Bool {
    guard ring.isEmpty else { return false }
    return inbox.withLock { inbox in
      inbox.needsWake = inbox.jobs.isEmpty
      return inbox.needsWake
    }
  }

  /// Returns the time to wait for the next timer; -1 waits for ever.
  ///
  /// While a timer waits, the loop turns often enough to notice that the process was stopped.
  /// Without one, nobody's time is measured.
  private func millisecondsToWait() -> Int32 {
    guard let deadline = timers.nextDeadline else { return -1 }
    let wait = (deadline - time.projected(to: Self.readClock())).inNanoseconds
    // Rounding up keeps the loop from waking just before the timer is due.
    let whole = wait <= 0 ? 0 : (wait - 1) / 1_000_000 + 1
    return Int32(clamping: min(whole, RunningTime.longestWait.inNanoseconds / 1_000_000))
  }

  private nonisolated static func readClock() -> Instant { MachineClock.now }
}
