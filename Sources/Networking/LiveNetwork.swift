internal import CPosix
internal import Glibc
package import Primitives

/// The network of the operating system.
@Reactor
package final class LiveNetwork: Network {
  private let clock: any LoopClock
  private let resolver: Resolver
  private let sources: [IPAddress]

  /// Creates a network whose timeouts follow `clock` and whose sockets are bound to the one of
  /// `sources` that is of the peer's family, if there are any sources.
  package init(clock: any LoopClock = ReactorClock(), sources: [IPAddress] = []) {
    self.clock = clock
    self.sources = sources
    resolver = Resolver()
  }

  /// Connects to a peer within `timeout`.
  package func connect(
    to endpoint: Endpoint, timeout: Duration
  ) async throws(NetworkError) -> any Transport {
    guard !Task.isCancelled else { throw .cancelled }
    let deadline = clock.now + timeout
    let socket = try SocketDescriptor.stream(for: endpoint.address)
    let descriptor = socket.rawValue
    if let source = try source(for: endpoint.address) {
      let local = Endpoint(address: source, port: 0)
      guard unsafe SocketAddress.with(local, { unsafe bind(descriptor, $0, $1) }) == 0 else {
        throw .lastSystemError("bind")
      }
    }
    // A non-blocking connect continues in the background even if a signal interrupts it.
    let result = unsafe SocketAddress.with(endpoint) { unsafe Glibc.connect(descriptor, $0, $1) }
    guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
      throw .lastSystemError("connect")
    }
    let transport = try TCPTransport(socket, remote: endpoint, isConnected: result == 0)
    do throws(NetworkError) {
      if result != 0 { try await transport.finishConnecting(deadline: deadline, clock: clock) }
      // A connection to a free ephemeral port of this host can connect to itself (TCP simultaneous
      // open).
      guard transport.local != endpoint else {
        throw .system(call: "connect", code: ECONNREFUSED)
      }
    } catch {
      transport.close()
      throw error
    }
    return transport
  }

  /// Starts listening; with port 0 the system chooses the port.
  package func listen(at endpoint: Endpoint) throws(NetworkError) -> any Listener {
    try TCPListener(at: endpoint, clock: clock)
  }

  /// Opens a datagram socket; with port 0 the system chooses the port.
  ///
  /// A wildcard address is replaced by a source, if there is one, so that every datagram leaves
  /// from there.
  package func bindDatagrams(at endpoint: Endpoint) throws(NetworkError) -> any DatagramSocket {
    guard endpoint.address.isUnspecified, let source = try source(for: endpoint.address) else {
      return try UDPSocket(at: endpoint)
    }
    return try UDPSocket(at: Endpoint(address: source, port: endpoint.port))
  }

  /// Returns the source for an address of that family; nil when any will do.
  private func source(for address: IPAddress) throws(NetworkError) -> IPAddress? {
    if sources.isEmpty { return nil }
    guard let source = sources.first(where: { $0.isIPv6 == address.isIPv6 }) else {
      throw .system(call: "bind", code: EAFNOSUPPORT)
    }
    return source
  }

  /// Opens a socket that receives a multicast group's datagrams on every interface.
  package func joinGroup(_ group: Endpoint) throws(NetworkError) -> any DatagramSocket {
    try UDPSocket(joining: group)
  }

  /// Resolves a host name or a literal address to endpoints.
  package func resolve(
    host: String, port: UInt16
  ) async throws(NetworkError) -> [Endpoint] {
    if let address = IPAddress(host) { return [Endpoint(address: address, port: port)] }
    return try await resolver.resolve(host: host, port: port)
  }
}
