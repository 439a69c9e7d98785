import Glibc

/// A distribution of work on many pieces over all cores, one stretch of pieces at a time.
enum Stretches {
  /// Calls `body` for each stretch of `0..<count`, and passes each result to `collect`.
  ///
  /// At most one stretch per core is in progress, so the number of uncollected results is bounded.
  /// After the first failure, or when the task is cancelled, no further stretch begins.
  ///
  /// - Returns: The first failure.
  static func forEach<Value: Sendable>(
    of count: Int, step: Int,
    _ body: @escaping @Sendable (Range<Int>) -> Result<Value, CommandFailure>,
    collect: (Range<Int>, Value) -> Void
  ) async -> CommandFailure? {
    let cores = max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    var failure: CommandFailure?
    await withTaskGroup(of: (Range<Int>, Result<Value, CommandFailure>).self) { group in
      var next = 0
      func begin() {
        guard next < count, failure == nil, !Task.isCancelled else { return }
        let range = next..<min(count, next + max(1, step))
        next = range.upperBound
        group.addTask { (range, body(range)) }
      }
      for _ in 0..<cores { begin() }
      while let (range, result) = await group.next() {
        switch result {
        case .success(let value): collect(range, value)
        case .failure(let reason): failure = failure ?? reason
        }
        begin()
      }
    }
    return failure
  }

  /// Returns the number of pieces in a stretch, chosen so that it occupies a core only briefly.
  static func step(pieceLength: Int) -> Int { max(16, (32 << 20) / max(1, pieceLength)) }
}
