import CLI
import Glibc
import Networking
import Testing

/// Ctrl-C ends a run, whatever it is stuck in.
@Suite(.timeLimit(.minutes(5)))
struct TerminationTests {
  /// The last job that the loop ever begins.
  private static func holdLoop() async {
    await Task { @Reactor in }.value
    Reactor.enqueue { while true { sleep(1) } }
  }

  /// A disk that does not answer holds the loop, and a reader that has stopped reading holds whoever
  /// writes to it.
  @Test func aSignalEndsAProcessInWhichNothingGoesOnAnyMore() async {
    await #expect(processExitsWith: .signal(SIGINT)) {
      _ = await Termination.guarding(stop: {}) {
        await Self.holdLoop()
        kill(getpid(), SIGINT)
        // Every thread of the pool is taken, so no task goes on.
        await withDiscardingTaskGroup { group in
          for _ in 0..<64 { group.addTask { while true { sleep(1) } } }
        }
      }
    }
  }

  @Test func aSecondSignalDoesNotWaitForTheLoop() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      _ = await Termination.guarding(stop: { kill(getpid(), SIGTERM) }) {
        await Self.holdLoop()
        kill(getpid(), SIGINT)
        while true { sleep(1) }
      }
    }
  }

  @Test func workWithoutAWayToStopItIsCancelled() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      let ended = await Termination.guarding {
        kill(getpid(), SIGTERM)
        while !Task.isCancelled { await Task.yield() }
        return true
      }
      // Not reached: the process has died of the signal.
      exit(ended == nil ? 3 : 4)
    }
  }
}
