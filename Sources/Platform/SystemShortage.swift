/// A limit of the system (`ulimit`) that leaves a run too little.
package enum SystemShortage: Error, Equatable, Sendable {
  /// The kind of memory that a limit concerns.
  package enum MemoryKind: Equatable, Sendable {
    /// All of the address space (`ulimit -v`).
    case addressSpace
    /// The data alone (`ulimit -d`).
    case data
  }

  /// Only so many bytes of memory may be used, and more are needed.
  case memory(MemoryKind, limit: Int64, needed: Int64)
  /// Only so many threads can be started.
  case threads(Int)
  /// Only so many more files can be opened.
  case files(Int)
}
