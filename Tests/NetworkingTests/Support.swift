import Glibc
import Networking

/// A counter that only the loop touches.
@Reactor
final class Counter {
  private var value = 0

  nonisolated init() {}

  func next() -> Int {
    defer { value += 1 }
    return value
  }
}

/// A list that only the loop touches.
@Reactor
final class Log {
  var numbers: [Int] = []

  nonisolated init() {}

  func appendTwice(_ number: Int) async {
    numbers.append(number)
    await Task.yield()
    numbers.append(number)
  }
}

/// Runs `body` on the loop.
@Reactor
func onReactor<T: Sendable>(_ body: @Reactor () async -> T) async -> T {
  await body()
}
