import Glibc
import Networking
import Testing

@Suite(.timeLimit(.minutes(5)))
struct SignalWatcherTests {
  @Test @Reactor func aSignalReachesTheLoop() async throws {
    let received = Wakeup()
    var signals: [SignalWatcher.Signal] = []
    let watcher = try SignalWatcher([.hangUp]) { signal in
      signals.append(signal)
      received.fire()
    }
    for _ in 0..<3 {
      kill(getpid(), SIGHUP)
      #expect(await received.wait())
    }
    watcher.stop()
    #expect(signals == [.hangUp, .hangUp, .hangUp])
  }
}
