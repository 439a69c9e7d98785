extension FileTable {
  /// The record of a file on disk.
  struct Record: Equatable, Sendable {
    var exists = false
    /// The facts that identify the file, as of the latest look at it.
    var stamp: FileStamp?
    /// A Boolean value indicating whether the file has other hard links, which a write would change
    /// too.
    var isLinked = false
    /// A Boolean value indicating whether we may change the file, because we created it or
    /// overwriting is allowed.
    var isOurs = false
    /// The stamp by which an earlier run named this file, as long as nothing proves that it is the
    /// same.
    var unproved: FileStamp?
    /// A Boolean value indicating whether an earlier run named this file and only its content can
    /// prove that it is ours.
    var isUndecided = false
    /// A Boolean value indicating whether space for the whole file was requested.
    var isReserved = false
    /// A Boolean value indicating whether the file was written after the latest look at it.
    var isStale = false
    /// The number of writes to the file by this run.
    var writes = 0
    /// The end of the bytes written by this run.
    var writtenEnd: Int64 = 0
    /// A Boolean value indicating whether the file was found without holes after everything had
    /// been written.
    var isSolid = false

    /// A Boolean value indicating whether the file could not be closed or synchronized after this
    /// run had it open for writing, so bytes of it may be lost.
    var isDoubtful = false

    /// A Boolean value indicating whether this run has written to the file.
    var isWritten: Bool { writes > 0 }

    /// The length in bytes, as of the latest look at it.
    var size: Int64 { stamp?.size ?? 0 }
  }
}
