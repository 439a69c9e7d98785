package import Networking
package import Primitives

/// One machine of a simulated network, and its way to that network.
@Reactor
package final class SimulatedHost: Network {
  /// What a host is like.
  package struct Options: Sendable {
    /// The one-way latency between this host and the middle of the network.
    package var latency: Duration
    /// Bytes per second that it can send; nil for no limit.
    package var uploadRate: Int?
    /// Bytes per second that it can receive; nil for no limit.
    package var downloadRate: Int?
    /// How many bytes of one connection's direction may be on their way or unread; then the
    /// sender's writes would block.
    package var bufferSize: Int

    /// Describes a host; by default 10 ms from the middle, unlimited, with 256 KiB of buffer.
    package init(
      latency: Duration = .milliseconds(10), uploadRate: Int? = nil, downloadRate: Int? = nil,
      bufferSize: Int = 256 * 1024
    ) {
      self.latency = latency
      self.uploadRate = uploadRate
      self.downloadRate = downloadRate
      self.bufferSize = bufferSize
    }
  }

  /// The host's address, the first one if it has several.
  package let address: IPAddress
  /// All of them; see `SimulatedNetwork.add(_:to:)`.
  package internal(set) var addresses: [IPAddress]
  /// What the host is like; may change at any time.
  package var options: Options {
    didSet {
      uplink.rate = options.uploadRate
      downlink.rate = options.downloadRate
    }
  }
  /// Whether the host is there.
  package private(set) var isOnline = true

  unowned let network: SimulatedNetwork
  let uplink: SimulatedLink
  let downlink: SimulatedLink
  private var listeners: [UInt16: SimulatedListener] = [:]
  /// The open connections in the order of their making.
  private var transports: [SimulatedTransport] = []
  private var datagramSockets: [Endpoint: SimulatedDatagramSocket] = [:]
  private var nextPort: UInt16 = 49152

  init(address: IPAddress, options: Options, network: SimulatedNetwork) {
    self.address = address
    addresses = [address]
    self.options = options
    self.network = network
    uplink = SimulatedLink(clock: network.clock, rate: options.uploadRate)
    downlink = SimulatedLink(clock: network.clock, rate: options.downloadRate)
  }

  // MARK: - Coming and going

  /// Takes the host away: connections to it time out, and those it had are reset, or silent.
  package func disappear(silently: Bool = false) {
    isOnline = false
    for transport in transports { transport.hostDisappeared(silently: silently) }
    transports = []
  }

  /// Brings the host back, with its listeners.
  package func appear() {
    isOnline = true
  }

  // MARK: - Network

  /// Connects to a peer within `timeout`.
  package func connect(
    to endpoint: Endpoint, timeout: Duration
  ) async throws(NetworkError) -> any Transport {
    guard !Task.isCancelled else { throw .cancelled }
    let attempt = ConnectionAttempt()
    let deadline = network.clock.now + timeout
    let source = Endpoint(address: address, port: claimPort())
    // No answer comes from where nobody is.
    if isOnline, let other = network.existingHost(endpoint.address) {
      let delay = network.latency(from: self, to: other)
      _ = network.clock.schedule(after: delay) {
        guard other.isOnline else { return }
        let server = other.admit(source, at: endpoint, from: self)
        _ = self.network.clock.schedule(after: delay) { attempt.answer(server?.partner) }
      }
    }
    switch await network.clock.wait(for: attempt.done, until: deadline) {
    case .fired: break
    case .timedOut:
      attempt.abandon()
      throw .timedOut
    case .cancelled:
      attempt.abandon()
      throw .cancelled
    }
    guard let transport = attempt.transport else {
      network.record(.refused, connection: 0, value: Int(endpoint.port))
      throw .system(call: "connect", code: 111)
    }
    network.record(.connected, connection: transport.number, value: Int(endpoint.port))
    return transport
  }

  /// Starts to listen; port 0 lets the system choose one.
  package func listen(at endpoint: Endpoint) throws(NetworkError) -> any Listener {
    let port = endpoint.port == 0 ? claimPort() : endpoint.port
    guard listeners[port] == nil else { throw .system(call: "bind", code: 98) }
    let listener = SimulatedListener(
      endpoint: Endpoint(address: address, port: port), host: self)
    listeners[port] = listener
    return listener
  }

  /// The addresses of a host name or of a literal address.
  package func resolve(
    host: String, port: UInt16
  ) async throws(NetworkError) -> [Endpoint] {
    let addresses = IPAddress(host).map { [$0] } ?? network.addresses(of: host)
    guard let addresses else { throw .unknownHost(host) }
    return addresses.map { Endpoint(address: $0, port: port) }
  }

  /// Opens a socket for datagrams; port 0 lets the system choose one.
  package func bindDatagrams(at endpoint: Endpoint) throws(NetworkError) -> any DatagramSocket {
    let own = addresses.first { $0.isIPv6 == endpoint.address.isIPv6 }
    guard let own else { throw .system(call: "bind", code: 99) }
    let port = endpoint.port == 0 ? claimPort() : endpoint.port
    let local = Endpoint(address: own, port: port)
    guard datagramSockets[local] == nil else { throw .system(call: "bind", code: 98) }
    let socket = SimulatedDatagramSocket(local: local, group: nil, host: self)
    datagramSockets[local] = socket
    return socket
  }

  /// Opens a socket that hears what is sent to a multicast group, which here reaches every host.
  package func joinGroup(_ group: Endpoint) throws(NetworkError) -> any DatagramSocket {
    let own = addresses.first { $0.isIPv6 == group.address.isIPv6 }
    guard let own else { throw .system(call: "setsockopt", code: 19) }
    let socket = SimulatedDatagramSocket(
      local: Endpoint(address: own, port: group.port), group: group, host: self)
    network.join(group, socket)
    return socket
  }

  // MARK: - Details

  /// The socket at an address of this host.
  func datagramSocket(at endpoint: Endpoint) -> SimulatedDatagramSocket? {
    datagramSockets[endpoint]
  }

  func forget(_ socket: SimulatedDatagramSocket) {
    if let group = socket.group {
      network.leave(group, socket)
    } else {
      datagramSockets[socket.local] = nil
    }
  }

  func forget(_ listener: SimulatedListener) {
    listeners[listener.endpoint.port] = nil
  }

  func forget(_ transport: SimulatedTransport) {
    transports.removeAll { $0 === transport }
  }

  private func claimPort() -> UInt16 {
    defer { nextPort = nextPort == .max ? 49152 : nextPort + 1 }
    return nextPort
  }

  /// Opens a connection that has come in; nil when nobody listens or the backlog is full.
  private func admit(
    _ source: Endpoint, at endpoint: Endpoint, from client: SimulatedHost
  ) -> SimulatedTransport? {
    guard client.isOnline, let listener = listeners[endpoint.port], listener.hasRoom else {
      return nil
    }
    let number = network.nextConnectionNumber()
    let server = SimulatedTransport(number: number, local: endpoint, remote: source, host: self)
    let partner = SimulatedTransport(
      number: number, local: source, remote: endpoint, host: client)
    server.partner = partner
    partner.partner = server
    transports.append(server)
    client.transports.append(partner)
    listener.offer(server)
    return server
  }
}

/// Where the answer to a connection request arrives.
@Reactor
private final class ConnectionAttempt {
  let done = Wakeup()
  private(set) var transport: SimulatedTransport?
  private var isAbandoned = false

  func answer(_ transport: SimulatedTransport?) {
    guard !isAbandoned else {
      transport?.close()
      return
    }
    self.transport = transport
    done.fire()
  }

  func abandon() {
    isAbandoned = true
    transport?.close()
  }
}

/// A listening port of a simulated host; at most 128 connections wait in it to be accepted.
@Reactor
package final class SimulatedListener: Listener {
  /// Where it listens.
  package let endpoint: Endpoint
  private let host: SimulatedHost
  private var waiting: [SimulatedTransport] = []
  private let ready = Wakeup()
  private var isOpen = true

  init(endpoint: Endpoint, host: SimulatedHost) {
    self.endpoint = endpoint
    self.host = host
  }

  var hasRoom: Bool { isOpen && waiting.count < 128 }

  func offer(_ transport: SimulatedTransport) {
    waiting.append(transport)
    ready.fire()
  }

  /// The next incoming connection; nil when closed or cancelled.
  package func accept() async -> (any Transport)? {
    while isOpen, !Task.isCancelled {
      if !waiting.isEmpty {
        let transport = waiting.removeFirst()
        host.network.record(.accepted, connection: transport.number, value: 0)
        return transport
      }
      await ready.wait()
    }
    return nil
  }

  /// Stops listening and wakes whoever waits.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    host.forget(self)
    for transport in waiting { transport.close() }
    waiting = []
    ready.fire()
  }
}
