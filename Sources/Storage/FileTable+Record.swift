extension FileTable {
  /// One file on disk.
  struct Record: Equatable, Sendable {
    var exists = false
    /// The facts by which it is known, as they were when it was last looked at.
    var stamp: FileStamp?
    /// Whether it has other names: writing it would change what they stand for.
    var isLinked = false
    /// Whether we may change it: we made it, or overwriting is allowed.
    var isOurs = false
    /// The stamp of an earlier run that names this file, while nothing proves that it is the same.
    var unproved: FileStamp?
    /// Whether an earlier run has named this file and only its content can prove that it is ours.
    var isUndecided = false
    /// Whether room for all of it was asked for.
    var isReserved = false
    /// Whether it was written since it was last looked at.
    var isStale = false
    /// How often this run has written to it.
    var writes = 0
    /// The end of the bytes that this run has written.
    var writtenEnd: Int64 = 0
    /// Whether it was found to have no hole when everything had been written.
    var isSolid = false

    /// Whether it was written by this run.
    var isWritten: Bool { writes > 0 }

    /// The length when it was last looked at, in bytes.
    var size: Int64 { stamp?.size ?? 0 }
  }
}
