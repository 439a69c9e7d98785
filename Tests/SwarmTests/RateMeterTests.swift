import Primitives
import Swarm
import Testing

@Suite struct RateMeterTests {
  /// A meter that has seen `rate` bytes a second from `start` on, a chunk every 10 ms.
  func meter(rate: Int, from start: Int, to end: Int) -> RateMeter {
    var meter = RateMeter()
    for time in stride(from: start, to: end, by: 10) {
      meter.add(bytes: rate / 100, now: instant(time))
    }
    return meter
  }

  func instant(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

  @Test func nothingIsARateOfNothing() {
    let meter = RateMeter()
    #expect(meter.rate(now: .zero) == 0)
    #expect(meter.total == 0)
  }

  @Test(arguments: Array(stride(from: 3000, through: 4000, by: 37)))
  func aSteadyRateIsMetWithinFivePercent(time: Int) {
    let rate = meter(rate: 1_000_000, from: 120, to: time).rate(now: instant(time))
    #expect(abs(rate - 1_000_000) < 50_000, "\(rate) at \(time) ms")
  }

  @Test(arguments: [400, 600, 1000, 1500])
  func aYoungMeterIsRightAsWell(age: Int) {
    let rate = meter(rate: 1_000_000, from: 33_330, to: 33_330 + age)
      .rate(now: instant(33_330 + age))
    #expect(abs(rate - 1_000_000) < 50_000, "\(rate) after \(age) ms")
  }

  @Test func theFirstBlockIsNoInfiniteRate() {
    var meter = RateMeter()
    meter.add(bytes: 16384, now: instant(5))
    #expect(meter.rate(now: instant(5)) == 16384 * 4)
  }

  @Test func aNewRateIsFollowedWithinAFewSeconds() {
    var meter = meter(rate: 1_000_000, from: 0, to: 10_000)
    for time in stride(from: 10_000, to: 16_000, by: 10) {
      meter.add(bytes: 1000, now: instant(time))
    }
    let rate = meter.rate(now: instant(16_000))
    #expect(rate > 100_000)
    #expect(rate < 200_000)
  }

  @Test func silenceDecaysToNothing() {
    let meter = meter(rate: 1_000_000, from: 0, to: 5000)
    var last = meter.rate(now: instant(5000))
    for time in stride(from: 5250, through: 30_000, by: 250) {
      let rate = meter.rate(now: instant(time))
      #expect(rate < last || rate == 0)
      last = rate
    }
    #expect(meter.rate(now: instant(10_000)) < 200_000)
    #expect(meter.rate(now: instant(40_000)) == 0)
  }

  @Test func theTotalForgetsNothing() {
    var meter = meter(rate: 1_000_000, from: 0, to: 1000)
    meter.add(bytes: 7, now: instant(1_000_000))
    #expect(meter.total == 1_000_007)
  }

  @Test func aClockThatStandsStillOrRunsFarDoesNoHarm() {
    var meter = RateMeter()
    meter.add(bytes: 100, now: instant(500))
    meter.add(bytes: 100, now: instant(400))
    #expect(meter.rate(now: instant(300)) == 800)
    #expect(meter.rate(now: .distantFuture) == 0)
  }
}
