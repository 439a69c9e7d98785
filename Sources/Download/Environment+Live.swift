import Glibc
import HTTP
import Networking
import Primitives
import Storage

extension Environment {
  /// The real world: this machine's clock, network, files and cores.
  package static func live() -> Environment {
    raiseDescriptorLimit()
    return Environment(
      clock: ReactorClock(), network: LiveNetwork(),
      http: URLSessionHTTPClient(userAgent: ClientIdentity.userAgent),
      workers: ThreadWorkerPool(threadCount: coreCount), workerCount: coreCount,
      files: PosixFileSystem(), random: .unpredictable())
  }

  /// How many processors we may use.
  private static var coreCount: Int { max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  /// Lets the process open as many sockets and files as it is allowed to.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 1 << 16)
    // A refusal leaves the old limit, which only means fewer peers.
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
