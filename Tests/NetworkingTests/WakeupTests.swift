import Networking
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5)))
struct WakeupTests {
  @Test @Reactor func anEarlyFireIsRemembered() async {
    let wakeup = Wakeup()
    wakeup.fire()
    #expect(await wakeup.wait())
  }

  @Test @Reactor func severalEarlyFiresCountAsOne() async {
    let wakeup = Wakeup()
    wakeup.fire()
    wakeup.fire()
    #expect(await wakeup.wait())
    let outcome = await ReactorClock().wait(
      for: wakeup, until: ReactorClock().now + .milliseconds(1))
    #expect(outcome == .timedOut)
  }

  @Test @Reactor func aFireEndsAWaitInProgress() async {
    let wakeup = Wakeup()
    async let fired = wakeup.wait()
    while !wakeup.hasWaiter { await Task.yield() }
    wakeup.fire()
    #expect(await fired)
    #expect(!wakeup.hasWaiter)
  }

  @Test @Reactor func cancellationEndsAWait() async {
    let wakeup = Wakeup()
    let fired = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await wakeup.wait() }
      while !wakeup.hasWaiter { await Task.yield() }
      group.cancelAll()
      return await group.next()
    }
    #expect(fired == false)
    #expect(!wakeup.hasWaiter)
  }

  @Test @Reactor func aCancelledTaskDoesNotWait() async {
    let wakeup = Wakeup()
    let fired = await withTaskGroup(of: Bool.self) { group in
      group.cancelAll()
      group.addTask { await wakeup.wait() }
      return await group.next()
    }
    #expect(fired == false)
  }

  @Test @Reactor func aFireBeforeTheCancellationWins() async {
    let wakeup = Wakeup()
    wakeup.fire()
    let fired = await withTaskGroup(of: Bool.self) { group in
      group.cancelAll()
      group.addTask { await wakeup.wait() }
      return await group.next()
    }
    #expect(fired == true)
  }

  @Test func firesAndCancellationsFromOtherThreadsLoseNoWaiter() async {
    for round in 0..<200 {
      let wakeup = Wakeup()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = await wakeup.wait() }
        // Both come from a thread of the default pool, in a race with the wait.
        if round.isMultiple(of: 2) { Reactor.enqueue { wakeup.fire() } } else { group.cancelAll() }
      }
      #expect(await !wakeup.hasWaiter)
    }
  }

  @Test @Reactor func aLateCancellationOfOneWaitDoesNotEndTheNext() async {
    let wakeup = Wakeup()
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { await wakeup.wait() }
      while !wakeup.hasWaiter { await Task.yield() }
      // The cancellation is queued, then the fire overtakes it and the next wait begins.
      group.cancelAll()
      wakeup.fire()
      #expect(await group.next() == true)
    }
    async let next = wakeup.wait()
    while !wakeup.hasWaiter { await Task.yield() }
    for _ in 0..<10 { await Task.yield() }
    #expect(wakeup.hasWaiter)
    wakeup.fire()
    #expect(await next)
  }
}
