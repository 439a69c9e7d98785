import Glibc
import HTTP
import Networking
package import Primitives
import Storage

extension Environment {
  /// The real world: this machine's clock, network, files and cores.
  ///
  /// Connections come from `source`, or from the address that the system chooses.
  package static func live(boundTo source: IPAddress? = nil) -> Environment {
    let descriptors = raiseDescriptorLimit()
    let (clock, network) = (ReactorClock(), LiveNetwork(source: source))
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

  /// How many processors we may use.
  private static var coreCount: Int { max(1, min(64, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  /// How many connections leave enough descriptors for the torrent's files, the loop and the trackers:
  /// strangers who connect must not make the next file impossible to open.
  package nonisolated static func connections(under descriptors: Int) -> Int {
    max(4, descriptors - min(192, descriptors / 2))
  }

  /// Lets the process open as many sockets and files as it is allowed to; returns how many that is.
  private static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    let before = limit.rlim_cur
    limit.rlim_cur = min(limit.rlim_max, 1 << 16)
    // A refusal leaves the old limit, which only means fewer peers.
    let isRaised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return Int(clamping: isRaised ? limit.rlim_cur : before)
  }
}
