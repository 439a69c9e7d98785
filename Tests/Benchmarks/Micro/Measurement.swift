import Glibc

/// The measuring of times, and the printing of the results.
enum Measurement {
  /// Turns of one measurement, of which the best counts: the others were disturbed.
  private static let turns = 5
  /// The least time that a turn lasts, in nanoseconds, so that the clock's steps do not matter.
  private static let shortest = 20e6

  /// The processor time that `body` takes on this thread, in nanoseconds.
  static func time(of body: () throws -> Void) rethrows -> Double {
    let start = now
    try body()
    return now - start
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }

  /// The time that one call of `body` takes, in nanoseconds.
  static func nanoseconds(of body: () throws -> Void) rethrows -> Double {
    var calls = 1
    while true {
      let time = try Self.time { for _ in 0..<calls { try body() } }
      if time >= shortest { break }
      calls *= 2
    }
    var best = Double.infinity
    for _ in 0..<turns {
      let time = try Self.time { for _ in 0..<calls { try body() } }
      best = min(best, time / Double(calls))
    }
    return best
  }

  /// Prints a title and the head of a table.
  static func printHead(_ title: String, _ columns: [String]) {
    print("\n### \(title)\n")
    printRow(columns)
    printRow(Array(repeating: "---", count: columns.count))
  }

  /// Prints one row of a table.
  static func printRow(_ cells: [String]) {
    print("| " + cells.joined(separator: " | ") + " |")
    fflush(nil)  // a row takes seconds; whoever reads it through a pipe sees it at once
  }

  /// A number with as many decimals as are worth reading.
  static func text(_ number: Double) -> String {
    let decimals = number < 10 ? 100.0 : number < 100 ? 10.0 : 1.0
    let rounded = (number * decimals).rounded() / decimals
    return decimals == 1 ? String(Int(rounded)) : String(rounded)
  }
}
