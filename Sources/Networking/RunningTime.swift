package import Primitives

/// The time that passes while the process runs, made from readings of a clock that never stops.
///
/// A process can be stopped (SIGSTOP, Ctrl-Z), and its machine can sleep. It hears nobody
/// meanwhile, so nobody may be blamed for silence. The part of a turn that neither the wait that it
/// asked for nor its work explains is therefore left out of `now`, and every deadline that is
/// measured with `now` stands still with the process. Work does count, also on a machine so busy
/// that it takes several times as long: otherwise a slow download would look fast.
package struct RunningTime: Sendable {
  /// The lateness of a turn that always counts, so that time goes on however busy the machine is.
  package static let tolerance = Duration.milliseconds(250)
  /// The longest wait of one turn of a loop that has a deadline.
  ///
  /// With `tolerance` it bounds the part of a stop that counts to half a second, besides the
  /// allowance for work.
  package static let longestWait = Duration.milliseconds(250)
  /// The factor by which work may take longer than its processor time and still count.
  ///
  /// Two processors that ten programs share, which is a busy test machine, leave each a fifth.
  package static let slowdown = 8

  /// The time, without the parts that were left out.
  package private(set) var now: Instant
  /// The sum of the parts that were left out.
  package private(set) var standstill = Duration.zero
  private var latest: Instant
  /// The processor time that was known at `workReading`.
  private var knownWork = Duration.zero
  private var workReading: Instant

  /// Begins with the clock's time.
  package init(at reading: Instant) {
    now = reading
    latest = reading
    workReading = reading
  }

  /// Goes on to a later reading of the clock.
  ///
  /// - Parameters:
  ///   - reading: The clock's time; an earlier time than before changes nothing.
  ///   - wait: The wait that the turn since the last reading asked for; nil for one without an end.
  ///   - work: Returns the processor time that the process has used. It is called for late turns
  ///     and a few times a second.
  package mutating func advance(
    to reading: Instant, afterWaiting wait: Duration?, work: () -> Duration
  ) {
    let passed = max(.zero, reading - latest)
    latest = max(latest, reading)
    guard let wait else { return count(passed, of: passed) }
    if passed > wait + Self.tolerance {
      let worked = max(.zero, work() - knownWork)
      count(min(passed, wait + Self.tolerance + worked * Self.slowdown), of: passed)
    } else {
      count(passed, of: passed)
    }
    guard passed > wait + Self.tolerance || latest - workReading >= Self.tolerance else { return }
    knownWork = work()
    workReading = latest
  }

  private mutating func count(_ counted: Duration, of passed: Duration) {
    now = now + counted
    standstill += passed - counted
  }

  /// Returns what `now` will be when the clock shows `reading`, if nothing is left out until then.
  package func projected(to reading: Instant) -> Instant {
    now + max(.zero, reading - latest)
  }
}
