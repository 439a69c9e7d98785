import Glibc

/// A check that the system allows the open files that any work needs: the loop, a lock, a file, a
/// connection.
///
/// Without them there is no fallback, so the program fails before it starts to work.
enum DescriptorRoom {
  /// The number of descriptors that are always needed besides the standard streams.
  private static let needed = 16

  /// - Throws: The shortage if too few files can be opened.
  static func check() throws(SystemShortage) {
    var limit = rlimit()
    // A soft limit below the hard limit will be raised.
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur == limit.rlim_max
    else { return }
    var copies: [CInt] = []
    defer { for copy in copies { close(copy) } }
    while copies.count < needed {
      let copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
      // Errors other than the limit do not matter here.
      guard copy >= 0 || errno == EMFILE else { return }
      guard copy >= 0 else { break }
      copies.append(copy)
    }
    guard copies.count < needed else { return }
    throw .files(copies.count)
  }
}
