/// The first failure of several steps that are all tried.
struct FirstFailure {
  private var failure: StorageError?

  /// Tries a step; the steps after a failure are tried as well.
  mutating func attempt(_ step: () throws(StorageError) -> Void) {
    do throws(StorageError) { try step() } catch { note(error) }
  }

  /// Records the failure of a step.
  mutating func note(_ error: StorageError) { failure = failure ?? error }

  /// Throws the first failure, if there was one.
  func report() throws(StorageError) {
    if let failure { throw failure }
  }
}
