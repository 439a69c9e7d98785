import Glibc

/// Whether the system lets us open what any work takes: the loop, a lock, a file, a connection.
///
/// Where not even that is possible there is nothing to fall back to, so it is said before the start.
enum DescriptorRoom {
  /// How many descriptors are always needed besides the standard streams.
  static let needed = 16

  /// - Throws: What to do when there is no room.
  static func check() throws(CommandFailure) {
    var limit = rlimit()
    // One that may be raised will be.
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur == limit.rlim_max
    else { return }
    var copies: [CInt] = []
    defer { for copy in copies { close(copy) } }
    while copies.count < needed {
      let copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
      // Another reason than the limit does not matter here.
      guard copy >= 0 || errno == EMFILE else { return }
      guard copy >= 0 else { break }
      copies.append(copy)
    }
    guard copies.count < needed else { return }
    throw CommandFailure(
      .inputOutputFailure, "only \(copies.count) more files can be opened, which is too few",
      hint: "raise the limit: ulimit -n 256")
  }
}
