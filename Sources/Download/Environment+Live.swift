import Glibc
import HTTP
import Networking
package import Primitives
import Storage

extension Environment {
  /// Returns the real environment: this host's clock, network, files and cores.
  ///
  /// Connections are bound to one of `sources` if there are any; otherwise the system chooses the
  /// address.
  package static func live(boundTo sources: [IPAddress] = []) -> Environment {
    let descriptors = raiseDescriptorLimit()
    let (clock, network) = (ReactorClock(), LiveNetwork(sources: sources))
    var environment = Environment(
      clock: clock, network: network,
      http: StandardHTTPClient(
        userAgent: ClientIdentity.userAgent, network: network, clock: clock),
      workers: ThreadWorkerPool(threadCount: coreCount),
      pieceWorkers: ThreadWorkerPool(threadCount: 1), workerCount: coreCount,
      files: PosixFileSystem(), random: .unpredictable())
    environment.hashesOnLoop = coreCount <= 2
    var system = SystemRandomNumberGenerator()
    environment.secret = (0..<32).map { _ in UInt8(truncatingIfNeeded: system.next()) }
    environment.connectionLimit = connections(under: descriptors)
    return environment
  }

  /// The number of processors available to us.
  private static var coreCount: Int { max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  /// Returns the number of connections that leaves enough descriptors for files, the loop and
  /// trackers.
  ///
  /// Without this reserve, incoming connections could make it impossible to open the next file.
  package nonisolated static func connections(under descriptors: Int) -> Int {
    max(4, descriptors - min(192, descriptors / 2))
  }

  /// Raises the limit of open descriptors as far as allowed, and returns it.
  private static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return 1024
    }
    let before = limit.rlim_cur
    limit.rlim_cur = min(limit.rlim_max, 1 << 16)
    // If that fails, the old limit stays, which only means fewer peers.
    let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return Int(clamping: isRaised ? limit.rlim_cur : before)
  }
}
