import Primitives
import Swarm
import Testing

@Suite struct TokenBucketTests {
  /// The bytes that a consumer of `amount` at a time takes in ten seconds.
  private func taken(rate: Int, amount: Int, idle: Duration = .zero) -> Double {
    var bucket = TokenBucket(bytesPerSecond: rate)
    var now = Instant.zero + .seconds(5)
    _ = bucket.take(amount, now: now)
    now = now + idle
    let end = now + .seconds(10)
    var bytes = 0
    while now < end {
      if bucket.take(amount, now: now) {
        bytes += amount
      } else {
        now = bucket.time(of: amount, now: now)
      }
    }
    return Double(bytes)
  }

  @Test(arguments: [1000, 65536, 1 << 20, 50 << 20], [100, 16384, 262_144])
  func overTimeTheRateIsExact(rate: Int, amount: Int) {
    let bytes = taken(rate: rate, amount: amount)
    #expect(abs(bytes - 10 * Double(rate)) <= Double(amount) + Double(rate) * 0.201)
  }

  @Test func aPauseIsFollowedByASmallBurstOnly() {
    let rate = 100_000
    let bytes = taken(rate: rate, amount: 1000, idle: .seconds(3600))
    #expect(bytes <= 10.2 * Double(rate) + 1000)
  }

  @Test func whatIsGivenBackCanBeTakenAgain() {
    var bucket = TokenBucket(bytesPerSecond: 1000)
    let now = Instant.zero
    let early = bucket.take(10, now: now)
    #expect(!early)
    let later = bucket.time(of: 10, now: now)
    #expect(later > now)
    let taken = bucket.take(10, now: later)
    let again = bucket.take(10, now: later)
    #expect(taken && !again)
    bucket.giveBack(10)
    let afterwards = bucket.take(10, now: later)
    #expect(afterwards)
  }

  @Test func whatIsThereCanBeTakenWithoutADebt() {
    var bucket = TokenBucket(bytesPerSecond: 1000)
    let now = Instant.zero
    let nothing = bucket.takeWhatIsThere(upTo: 50, now: now)
    let part = bucket.takeWhatIsThere(upTo: 50, now: now + .milliseconds(20))
    let limited = bucket.takeWhatIsThere(upTo: 50, now: now + .milliseconds(120))
    let rest = bucket.takeWhatIsThere(upTo: .max, now: now + .milliseconds(120))
    let negative = bucket.takeWhatIsThere(upTo: -1, now: now + .seconds(9))
    #expect([nothing, part, limited, rest, negative] == [0, 20, 50, 50, 0])
  }

  @Test func timeThatGoesBackGivesNothing() {
    var bucket = TokenBucket(bytesPerSecond: 1000)
    let now = Instant.zero + .seconds(10)
    _ = bucket.take(1, now: now)
    let before = bucket.take(1, now: now - .seconds(5))
    let same = bucket.take(1, now: now)
    #expect(!before && !same)
  }
}
