import Primitives
import Testing

@testable import Swarm

struct RequestQuotaTests {
  @Test func aSecondOfTheLimitIsAskedForAndAFewBlocksAtLeast() {
    #expect(RequestQuota(bytesPerSecond: 1 << 20).limit == 64)
    #expect(RequestQuota(bytesPerSecond: 1000).limit == 4)
    #expect(RequestQuota(bytesPerSecond: .max).limit == 1 << 20)
  }

  @Test func moreIsAskedForWhileThatDoesNotBringTheLimit() {
    var quota = RequestQuota(bytesPerSecond: 1 << 20)
    quota.learn(unusedShare: 0.5)
    #expect(quota.limit == 64, "it was not the quota that bounded what was asked for")
    quota.owed = 60
    quota.learn(unusedShare: 0.5)
    #expect(quota.limit == 64, "once may be a pause of our own")
    quota.learn(unusedShare: 0.5)
    #expect(quota.limit == 96 && !quota.isReached)
    for _ in 0..<100 {
      quota.owed = quota.limit
      quota.learn(unusedShare: 1)
    }
    #expect(quota.limit == 1 << 20)
  }

  @Test func lessIsAskedForOnceTheLimitIsReached() {
    var quota = RequestQuota(bytesPerSecond: 1 << 20)
    quota.owed = 64
    quota.learn(unusedShare: 0.5)
    quota.learn(unusedShare: 0.5)
    quota.learn(unusedShare: 0)
    #expect(quota.limit == 95 && quota.isReached)
    for _ in 0..<1000 { quota.learn(unusedShare: 0) }
    #expect((64...100).contains(quota.limit))
  }
}
