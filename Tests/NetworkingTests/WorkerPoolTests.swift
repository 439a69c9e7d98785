import Glibc
import Networking
import Primitives
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct WorkerPoolTests {
  @Test @Reactor func workRunsOffTheLoopAndItsResultComesBackOnIt() async {
    let pool = ThreadWorkerPool(threadCount: 2)
    let wasOnLoop = await pool.run { Reactor.isCurrentThread }
    #expect(!wasOnLoop)
    #expect(Reactor.isCurrentThread)
  }

  @Test @Reactor func allWorkIsDone() async {
    let pool = ThreadWorkerPool(threadCount: 3)
    let sum = await withTaskGroup(of: Int.self) { group in
      for number in 0..<2000 { group.addTask { await pool.run { number } } }
      var sum = 0
      for await number in group { sum += number }
      return sum
    }
    #expect(sum == 1999 * 1000)
  }

  @Test @Reactor func oneThreadWorksInOrder() async {
    let pool = ThreadWorkerPool(threadCount: 1)
    let submitted = Log()
    // Results may arrive in another order: a task whose work is done at once does not even suspend.
    let done = SharedLog()
    await withTaskExecutorPreference(Reactor.taskExecutor) {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<200 {
          group.addTask {
            await logThenRun(number, submitted, pool) { done.append(number) }
          }
        }
      }
    }
    #expect(done.numbers == submitted.numbers)
    #expect(submitted.numbers.sorted() == Array(0..<200))
  }

  @Test @Reactor func theInlinePoolRunsAtOnce() async {
    #expect(await InlineWorkerPool().run { Reactor.isCurrentThread })
  }

  @Test @Reactor func manyPoolsComeAndGo() async {
    for number in 0..<50 {
      let pool = ThreadWorkerPool(threadCount: 2)
      #expect(await pool.run { number } == number)
    }
  }
}

@Reactor
private func logThenRun(
  _ number: Int, _ log: Log, _ pool: any WorkerPool, _ work: @escaping @Sendable () -> Void
) async {
  log.numbers.append(number)
  await pool.run(work)
}

/// A log that any thread may write to.
private final class SharedLog: Sendable {
  private let content = Mutex<[Int]>([])

  var numbers: [Int] { content.withLock { $0 } }

  func append(_ number: Int) {
    content.withLock { $0.append(number) }
  }
}
