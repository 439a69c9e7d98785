internal import Glibc
internal import Primitives

/// The machine's monotonic clock.
enum MachineClock {
  /// The time since the machine was started, that of its sleep included.
  ///
  /// A sleep then shows as a stop does: as one turn that comes much too late.
  static var now: Instant {
    var time = timespec()
    // Where the system has no such clock, the other one stands still during a sleep by itself.
    if unsafe clock_gettime(CLOCK_BOOTTIME, &time) != 0 {
      unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    }
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// The processor time that all threads of the process have used.
  static var processorTime: Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }
}
