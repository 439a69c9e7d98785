internal import CPosix
internal import Glibc
internal import Primitives

/// Name look-ups by the system, on threads of their own: a name server that does not answer can
/// hold one up for half a minute, which must delay neither the loop nor the hashing of pieces.
///
/// Two look-ups run at a time; others wait for their turn, one for each asking task.
@Reactor
final class Resolver {
  private let workers = ThreadWorkerPool(threadCount: 2)

  /// One look-up: the place where the asking task and the worker meet.
  @Reactor
  private final class Lookup {
    let done = Wakeup()
    var outcome: Result<[Endpoint], NetworkError>?
  }

  /// The addresses of a host, in the system's order of preference, each one once.
  ///
  /// A cancelled look-up returns at once; its thread comes back when the system does.
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
    // A name with a NUL would be cut there on its way to C and mean another host.
    guard !host.isEmpty, !host.utf8.contains(0) else { return .failure(.unknownHost(host)) }
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    switch code {
    case 0: break
    case EAI_SYSTEM: return .failure(.lastSystemError("getaddrinfo"))
    case EAI_AGAIN: return .failure(.system(call: "getaddrinfo", code: EAGAIN))
    default: return .failure(.unknownHost(host))
    }
    var endpoints: [Endpoint] = []
    var entry = list
    while let current = entry {
      if let found = current.pointee.ai_addr.flatMap({ SocketAddress.endpoint(of: $0) }) {
        let endpoint = Endpoint(address: found.address, port: port)
        if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
      }
      entry = current.pointee.ai_next
    }
    return endpoints.isEmpty ? .failure(.unknownHost(host)) : .success(endpoints)
  }
}
