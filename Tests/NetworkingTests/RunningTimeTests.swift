import Networking
import Primitives
import Testing

/// Time that goes on with the process, and stands still with it.
@Suite struct RunningTimeTests {
  private let start = Instant.zero + .seconds(1000)

  /// A clock that has been read at `start`, and goes on by so much before each reading.
  private func time(after turns: (passed: Duration, wait: Duration?)...) -> RunningTime {
    var time = RunningTime(at: start)
    var reading = start
    for (passed, wait) in turns {
      reading = reading + passed
      time.advance(to: reading, afterWaiting: wait, work: { .zero })
    }
    return time
  }

  /// A program that shares its processors with others must not look faster than it is.
  @Test func workOnABusyMachineCountsInFull() {
    var time = RunningTime(at: start)
    var worked = Duration.zero
    for turn in 1...10 {
      worked += .milliseconds(400)
      time.advance(
        to: start + .seconds(2 * turn), afterWaiting: .zero, work: { [worked] in worked })
    }
    #expect(time.now == start + .seconds(20))
    #expect(time.standstill == .zero)
  }

  @Test func workDoesNotExplainAStop() {
    var time = RunningTime(at: start)
    time.advance(
      to: start + .seconds(3600), afterWaiting: .milliseconds(100), work: { .milliseconds(20) })
    #expect(time.now - start <= .seconds(1))
  }

  @Test func ordinaryTurnsCountAsTheyAre() {
    let time = time(
      after: (.milliseconds(3), .zero), (.milliseconds(250), .milliseconds(250)),
      (.milliseconds(1), .milliseconds(250)))
    #expect(time.now == start + .milliseconds(254))
    #expect(time.standstill == .zero)
  }

  @Test func aBusyMachineMayBeLateByTheTolerance() {
    let late = RunningTime.tolerance
    let time = time(after: (.milliseconds(100) + late, .milliseconds(100)), (late, .zero))
    #expect(time.now == start + .milliseconds(100) + late + late)
    #expect(time.standstill == .zero)
  }

  @Test(arguments: [2, 3600, 8 * 3600])
  func ofAStopOfAnyLengthAtMostHalfASecondCounts(seconds: Int) {
    let time = time(after: (.seconds(seconds), RunningTime.longestWait))
    #expect(time.now - start <= .milliseconds(500))
    #expect(time.now - start + time.standstill == .seconds(seconds))
  }

  /// Work that holds up the loop, such as a disk that does not answer, is no silence of a peer.
  @Test func aTurnThatWasHeldUpCountsByTheToleranceOnly() {
    let time = time(after: (.seconds(30), .zero), (.seconds(30), .zero))
    #expect(time.now == start + RunningTime.tolerance * 2)
    #expect(time.standstill == .seconds(60) - RunningTime.tolerance * 2)
  }

  @Test func aWaitWithoutADeadlineIsNoStop() {
    let time = time(after: (.seconds(3600), nil))
    #expect(time.now == start + .seconds(3600))
    #expect(time.standstill == .zero)
  }

  @Test func aClockThatGoesBackwardsIsNotFollowed() {
    var time = time(after: (.seconds(1), nil))
    time.advance(to: start, afterWaiting: nil, work: { .zero })
    #expect(time.now == start + .seconds(1))
    #expect(time.projected(to: start) == start + .seconds(1))
    #expect(time.projected(to: start + .seconds(3)) == start + .seconds(3))
  }
}
