package import Primitives

/// The time that passes while the process runs, made from readings of a clock that never stops.
///
/// A process can be stopped (SIGSTOP, Ctrl-Z), its machine can sleep, and a busy machine can leave it
/// waiting. Nobody hears anything meanwhile, so nobody may be blamed for silence: what a turn takes
/// beyond the wait it asked for and `tolerance` is left out of `now`. A loop that asks for short
/// waits, `longestWait` at most, therefore sees at most half a second of any stop, and every deadline
/// that is measured with `now` stands still with the process.
package struct RunningTime: Sendable {
  /// How late a turn may come before the rest of its time is left out.
  ///
  /// It always counts, so time goes on however busy the machine is.
  package static let tolerance = Duration.milliseconds(250)
  /// How long a loop that has a deadline may wait in one go.
  package static let longestWait = Duration.milliseconds(250)

  /// The time, without what was left out.
  package private(set) var now: Instant
  /// How much was left out so far.
  package private(set) var standstill = Duration.zero
  private var latest: Instant

  /// Begins with the clock's time.
  package init(at reading: Instant) {
    now = reading
    latest = reading
  }

  /// Goes on to a later reading of the clock.
  ///
  /// - Parameters:
  ///   - reading: What the clock shows; an earlier time than before changes nothing.
  ///   - wait: How long the turn since the last reading was to wait; nil for as long as it takes.
  package mutating func advance(to reading: Instant, afterWaiting wait: Duration?) {
    let passed = max(.zero, reading - latest)
    latest = max(latest, reading)
    let counted = wait.map { min(passed, $0 + Self.tolerance) } ?? passed
    now = now + counted
    standstill += passed - counted
  }

  /// What `now` will be when the clock shows `reading`, if nothing is left out until then.
  package func projected(to reading: Instant) -> Instant {
    now + max(.zero, reading - latest)
  }
}
