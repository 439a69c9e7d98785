import Networking
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ReactorClockTests {
  private let soon = Duration.milliseconds(2)

  @Test @Reactor func timersFireInTheOrderOfTheirDeadlines() async {
    let clock = ReactorClock()
    let log = Log()
    let done = Wakeup()
    let start = clock.now
    for number in [3, 1, 2] {
      _ = clock.schedule(at: start + .milliseconds(number)) { log.numbers.append(number) }
    }
    _ = clock.schedule(at: start + .milliseconds(4)) { done.fire() }
    await done.wait()
    #expect(log.numbers == [1, 2, 3])
    #expect(clock.now - start >= .milliseconds(4))
  }

  @Test @Reactor func aCancelledTimerDoesNotFire() async {
    let clock = ReactorClock()
    let log = Log()
    let timer = clock.schedule(after: soon) { log.numbers.append(1) }
    clock.cancel(timer)
    await clock.sleep(for: soon * 2)
    #expect(log.numbers.isEmpty)
  }

  @Test @Reactor func aTimerInThePastFiresSoonButNotAtOnce() async {
    let clock = ReactorClock()
    let done = Wakeup()
    let log = Log()
    _ = clock.schedule(at: .zero) {
      log.numbers.append(1)
      done.fire()
    }
    #expect(log.numbers.isEmpty)
    #expect(await done.wait())
  }

  @Test @Reactor func aTimerThatSchedulesItselfForNowStarvesNobody() async {
    let repeater = Repeater()
    repeater.again()
    let done = Wakeup()
    Reactor.enqueue { done.fire() }
    #expect(await done.wait())
    repeater.isStopped = true
  }

  @Test @Reactor func aSleepLastsUntilItsDeadline() async {
    let clock = ReactorClock()
    let start = clock.now
    #expect(await clock.sleep(for: soon))
    #expect(clock.now - start >= soon)
  }

  @Test @Reactor func cancellationEndsASleep() async {
    let hasSlept = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await ReactorClock().sleep(for: .seconds(3600)) }
      for _ in 0..<10 { await Task.yield() }
      group.cancelAll()
      return await group.next()
    }
    #expect(hasSlept == false)
  }

  @Test @Reactor func aWaitWithADeadlineTellsHowItEnded() async {
    let clock = ReactorClock()
    let wakeup = Wakeup()
    #expect(await clock.wait(for: wakeup, until: clock.now + soon) == .timedOut)
    wakeup.fire()
    #expect(await clock.wait(for: wakeup, until: clock.now + .seconds(3600)) == .fired)
  }

  @Test @Reactor func aFireBeforeTheDeadlineCountsEvenWhenTheTimerIsDueToo() async {
    let clock = ReactorClock()
    let wakeup = Wakeup()
    let deadline = clock.now + soon
    // Both timers are due in one turn: the first one fires the wakeup, the second is the deadline.
    _ = clock.schedule(at: deadline) { wakeup.fire() }
    #expect(await clock.wait(for: wakeup, until: deadline) == .fired)
    #expect(await clock.wait(for: wakeup, until: clock.now + soon) == .timedOut)
  }
}

@Reactor
private final class Repeater {
  var isStopped = false

  func again() {
    guard !isStopped else { return }
    _ = ReactorClock().schedule(at: .zero) { self.again() }
  }
}
