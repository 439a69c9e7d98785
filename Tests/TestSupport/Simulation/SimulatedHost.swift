package import Networking
package import Primitives

/// One host of a simulated network, with its links.
@Reactor
package final class SimulatedHost: Network {
  /// The properties of a host.
  package struct Options: Sendable {
    /// The one-way latency between this host and the centre of the network.
    package var latency: Duration
    /// The upload rate in bytes per second; nil for no limit.
    package var uploadRate: Int?
    /// The download rate in bytes per second; nil for no limit.
    package var downloadRate: Int?
    /// The number of bytes in one direction of a connection that may be in flight or unread before
    /// writes block.
    package var bufferSize: Int

    /// Creates properties; the defaults are 10 ms to the centre, no rate limits and 256 KiB of
    /// buffer.
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

  /// The address of the host, or its first one.
  package let address: IPAddress
  /// All addresses of the host; see `SimulatedNetwork.add(_:to:)`.
  package internal(set) var addresses: [IPAddress]
  /// The properties of the host, which may change at any time.
  package var options: Options {
    didSet {
      uplink.rate = options.uploadRate
      downlink.rate = options.downloadRate
    }
  }
  /// A Boolean value indicating whether the host is online.
  package private(set) var isOnline = true

  unowned let network: SimulatedNetwork
  let uplink: SimulatedLink
  let downlink: SimulatedLink
  private var listeners: [UInt16: SimulatedListener] = [:]
  /// The open connections in order of creation.
  private var transports: [SimulatedTransport] = []
  private var datagramSockets: [Endpoint: SimulatedDatagramSocket] = [:]
  private var nextPort: UInt16 = 49152
  /// The wakeups to fire when a stopped process goes on; nil while it runs.
  private var wakeupsToFire: [Wakeup]?

  init(address: IPAddress, options: Options, network: SimulatedNetwork) {
    self.address = address
    addresses = [address]
    self.options = options
    self.network = network
    uplink = SimulatedLink(clock: network.clock, rate: options.uploadRate)
    downlink = SimulatedLink(clock: network.clock, rate: options.downloadRate)
  }

  // MARK: - Coming and going

  /// Takes the host offline: connects to it time out, and its connections are reset or fall silent.
  package func disappear(silently: Bool = false) {
    isOnline = false
    for transport in transports { transport.hostDisappeared(silently: silently) }
    transports = []
  }

  /// Brings the host back online, with its listeners.
  package func appear() {
    isOnline = true
  }

  // MARK: - Stopping

  /// Stops the process that uses this host: the network goes on, and the process hears nothing.
  package func stopProcess() {
    wakeupsToFire = wakeupsToFire ?? []
  }

  /// Lets the process go on, and hear what has come.
  package func resumeProcess() {
    let wakeups = wakeupsToFire ?? []
    wakeupsToFire = nil
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Wakes a part of the process, now or when it goes on.
  func wake(_ wakeup: Wakeup) {
    guard wakeupsToFire != nil else { return wakeup.fire() }
    wakeupsToFire?.append(wakeup)
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
    // Nobody answers for an address without a host.
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

  /// Starts listening; with port 0 the system chooses the port.
  package func listen(at endpoint: Endpoint) throws(NetworkError) -> any Listener {
    let port = endpoint.port == 0 ? claimPort() : endpoint.port
    guard listeners[port] == nil else { throw .system(call: "bind", code: 98) }
    let listener = SimulatedListener(
      endpoint: Endpoint(address: address, port: port), host: self)
    listeners[port] = listener
    return listener
  }

  /// Resolves a host name or a literal address to endpoints.
  package func resolve(
    host: String, port: UInt16
  ) async throws(NetworkError) -> [Endpoint] {
    let addresses = IPAddress(host).map { [$0] } ?? network.addresses(of: host)
    guard let addresses else { throw .unknownHost(host) }
    return addresses.map { Endpoint(address: $0, port: port) }
  }

  /// Opens a datagram socket; with port 0 the system chooses the port.
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

  /// Opens a socket that receives a multicast group's datagrams; a group spans all hosts.
  package func joinGroup(_ group: Endpoint) throws(NetworkError) -> any DatagramSocket {
    let own = addresses.first { $0.isIPv6 == group.address.isIPv6 }
    guard let own else { throw .system(call: "setsockopt", code: 19) }
    let socket = SimulatedDatagramSocket(
      local: Endpoint(address: own, port: group.port), group: group, host: self)
    network.join(group, socket)
    return socket
  }

  // MARK: - Details

  /// Returns the socket at an address of this host.
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

  /// Creates an incoming connection; returns nil if there is no listener or the backlog is full.
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

/// A pending connect, to which the answer is delivered.
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

/// A listening port of a simulated host, with a backlog of 128 connections.
@Reactor
package final class SimulatedListener: Listener {
  /// The address on which it listens.
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

  /// Waits for the next incoming connection; returns nil if closed or cancelled.
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

  /// Stops listening and wakes the waiting task.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    host.forget(self)
    for transport in waiting { transport.close() }
    waiting = []
    ready.fire()
  }
}
