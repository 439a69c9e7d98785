import Glibc
import Networking

/// The threads for the tasks of a program that has no loop of its own.
package enum TaskThreads {
  /// Threads of our own where the system's library cannot be used; nil where it can.
  ///
  /// libdispatch, whose threads Swift's tasks usually run on, reads from /proc how many of them are
  /// busy, and traps where that is not mounted.
  package static let executor: (any TaskExecutor)? =
    unsafe access("/proc/self/stat", R_OK) == 0
    ? nil : ThreadTaskExecutor(threadCount: max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
}
