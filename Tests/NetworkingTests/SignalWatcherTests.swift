import Glibc
import Networking
import Testing

@Suite(.timeLimit(.minutes(5)))
struct SignalWatcherTests {
  @Test func signalsAreReported() async throws {
    let (signals, continuation) = AsyncStream.makeStream(of: SignalWatcher.Signal?.self)
    let watcher = try SignalWatcher([.hangUp], patience: .milliseconds(1)) {
      continuation.yield($0)
    } overdue: { _ in
      continuation.yield(nil)
    }
    var iterator = signals.makeAsyncIterator()
    kill(getpid(), SIGHUP)
    #expect(await iterator.next() == .hangUp)
    #expect(await iterator.next() == .some(nil), "patience has an end")
    kill(getpid(), SIGHUP)
    #expect(await iterator.next() == .hangUp)
    watcher.stop()
  }
}
