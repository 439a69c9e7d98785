import Glibc
import Networking
import Primitives
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ReactorTests {
  @Test @Reactor func isolatedCodeRunsOnTheLoopThread() async {
    #expect(Reactor.isCurrentThread)
    await Task.yield()
    #expect(Reactor.isCurrentThread)
  }

  @Test func otherCodeDoesNotRunOnTheLoopThread() {
    #expect(!Reactor.isCurrentThread)
  }

  @Test func childTasksAndNonisolatedCalleesStayOnTheLoopUnderItsTaskExecutor() async {
    await withTaskExecutorPreference(Reactor.taskExecutor) {
      let threads = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<10 {
          group.addTask { await isOnLoopElsewhere() }
          group.addTask { await onReactor { Reactor.isCurrentThread } }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(threads == Array(repeating: true, count: 20))
    }
  }

  @Test func withoutThePreferenceANonisolatedCalleeLeavesTheLoop() async {
    #expect(await onReactor { await isOnLoopElsewhere() } == false)
  }

  @Test @Reactor func isolationIsKnownToTheRuntime() {
    // Traps when the executor does not know that it isolates this context.
    Reactor.shared.preconditionIsolated()
    Reactor.shared.assumeIsolated { _ in #expect(Reactor.isCurrentThread) }
  }

  @Test @Reactor func jobsRunInTheOrderInWhichTheyCame() async {
    let log = Log()
    let done = Wakeup()
    for number in 0..<1000 {
      Reactor.enqueue {
        log.numbers.append(number)
        if number == 999 { done.fire() }
      }
    }
    #expect(log.numbers.isEmpty)
    await done.wait()
    #expect(log.numbers == Array(0..<1000))
  }

  @Test @Reactor func childTasksStartInTheOrderOfTheirCreationWhateverTheirPriority() async {
    let log = Log()
    await withTaskExecutorPreference(Reactor.taskExecutor) {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<100 {
          group.addTask(priority: number.isMultiple(of: 2) ? .low : .high) {
            await log.appendTwice(number)
          }
        }
      }
    }
    #expect(log.numbers == Array(0..<100) + Array(0..<100))
  }

  @Test func remoteJobsWakeTheLoopAndKeepTheirOrder() async {
    let log = Log()
    let done = Wakeup()
    for number in 0..<5000 {
      Reactor.enqueue {
        log.numbers.append(number)
        if number == 4999 { done.fire() }
      }
    }
    #expect(await done.wait())
    #expect(await log.numbers == Array(0..<5000))
  }

  @Test func jobsFromManyThreadsAllArrive() async {
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<500 { _ = await counter.next() }
        }
      }
    }
    #expect(await counter.next() == 4000)
  }

  @Test @Reactor func anIdleSourceRunsOnlyWhenNoJobIsLeft() async {
    let source = CountdownSource(events: 3)
    Reactor.addIdleSource(source)
    defer { Reactor.removeIdleSource(source) }
    for _ in 0..<500 {
      await Task.yield()
    }
    await source.done.wait()
    #expect(source.left == 0)
  }
}

@Reactor
private final class CountdownSource: IdleSource {
  var left: Int
  let done = Wakeup()

  init(events: Int) {
    left = events
  }

  func runNextEvent() -> Bool {
    guard left > 0 else { return false }
    left -= 1
    if left == 0 { done.fire() }
    return true
  }
}

@concurrent
private func isOnLoopElsewhere() async -> Bool {
  Reactor.isCurrentThread
}
