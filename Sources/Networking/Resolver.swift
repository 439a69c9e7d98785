internal import CPosix
internal import Glibc
internal import Primitives

/// Name resolution through the system, on dedicated threads.
///
/// An unresponsive name server can block a look-up for half a minute, which must delay neither the
/// loop nor the hashing of pieces. Two look-ups run at a time and the rest queue, at most one per
/// asking task.
@Reactor
final class Resolver {
  private let workers = ThreadWorkerPool(threadCount: 2)

  /// One look-up, shared by the asking task and the worker.
  @Reactor
  private final class Lookup {
    let done = Wakeup()
    var outcome: Result<[Endpoint], NetworkError>?
  }

  /// Returns the addresses of a host without duplicates, in the system's order of preference.
  ///
  /// A cancelled call returns immediately; its thread is free again once the system answers.
  func resolve(host: String, port: UInt16) async throws(NetworkError) -> [Endpoint] {
    let lookup = Lookup()
    workers.submit {
      let outcome = Self.ask(host: host, port: port)
      Reactor.enqueue {
        lookup.outcome = outcome
        lookup.done.fire()
      }
    }
    guard await lookup.done.wait(), let outcome = lookup.outcome else { throw .cancelled }
    return try outcome.get()
  }

  private nonisolated static func ask(
    host: String, port: UInt16
  ) -> Result<[Endpoint], NetworkError> {
    // C would cut a name at an embedded NUL and resolve a different host.
    guard !host.isEmpty, !host.utf8.contains(0) else { return .failure(.unknownHost(host)) }
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, nil, &hints, &list)
    defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
    switch code {
    case 0: break
    case EAI_SYSTEM: return .failure(.lastSystemError("getaddrinfo"))
    case EAI_AGAIN: return .failure(.system(call: "getaddrinfo", code: EAGAIN))
    default: return .failure(.unknownHost(host))
    }
    var endpoints: [Endpoint] = []
    var entry = unsafe list
    while let current = unsafe entry {
      let address = unsafe current.pointee.ai_addr
      if let found = unsafe address.flatMap({ unsafe SocketAddress.endpoint(of: $0) }) {
        let endpoint = Endpoint(address: found.address, port: port)
        if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
      }
      unsafe entry = current.pointee.ai_next
    }
    return endpoints.isEmpty ? .failure(.unknownHost(host)) : .success(endpoints)
  }
}
