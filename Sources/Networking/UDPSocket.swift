internal import CPosix
internal import Glibc
package import Primitives

/// A UDP socket, optionally joined to a multicast group.
///
/// It is unconnected, so one socket can talk to any address and the kernel does not report ICMP
/// errors through it. The kernel drops datagrams when its receive buffer is full.
@Reactor
package final class UDPSocket: DatagramSocket {
  /// The local address.
  package let local: Endpoint

  /// The number of errors about earlier datagrams that one receive skips.
  private static let maximumErrors = 16
  private static let maximumInterfaces = 32

  private var socket: SocketDescriptor?
  private var registration: Poller.Registration?
  private var canRead = true
  private let readable = Wakeup()
  /// The owner to notify of arrivals.
  package weak var owner: (any DatagramSocketOwner)?
  private var headers = [cposix_datagram](
    repeating: cposix_datagram(), count: Int(cposix_max_datagrams))
  /// The joined group, and the interfaces on which joining succeeded.
  private let group: Endpoint?
  private let interfaces: [UInt32]

  /// Opens a socket at a local address.
  convenience init(at endpoint: Endpoint) throws(NetworkError) {
    let socket = try SocketDescriptor.datagrams(for: endpoint.address)
    try Self.bind(socket, to: endpoint)
    try self.init(socket, endpoint: endpoint, group: nil, interfaces: [])
  }

  /// Opens a socket at a multicast group's port and joins the group.
  convenience init(joining group: Endpoint) throws(NetworkError) {
    let socket = try SocketDescriptor.datagrams(for: group.address)
    _ = cposix_set_reuse_address(socket.rawValue)
    let own = Endpoint(address: group.address.isIPv6 ? .any6 : .any4, port: group.port)
    try Self.bind(socket, to: own)
    let interfaces = try Self.join(group, with: socket)
    try self.init(socket, endpoint: own, group: group, interfaces: interfaces)
  }

  private init(
    _ socket: consuming SocketDescriptor, endpoint: Endpoint, group: Endpoint?,
    interfaces: [UInt32]
  ) throws(NetworkError) {
    local = SocketAddress.local(of: socket) ?? endpoint
    self.group = group
    self.interfaces = interfaces
    let descriptor = socket.rawValue
    self.socket = consume socket
    registration = try Reactor.shared.loop.poller.add(descriptor, target: self)
  }

  isolated deinit {
    close()
  }

  private static func bind(
    _ socket: borrowing SocketDescriptor, to endpoint: Endpoint
  ) throws(NetworkError) {
    let descriptor = socket.rawValue
    if endpoint.address.isIPv6 { _ = cposix_set_v6_only(descriptor) }
    guard unsafe SocketAddress.with(endpoint, { unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
      throw .lastSystemError("bind")
    }
  }

  /// Joins the group on every interface of its family, skipping those that refuse.
  private static func join(
    _ group: Endpoint, with socket: borrowing SocketDescriptor
  ) throws(NetworkError) -> [UInt32] {
    let descriptor = socket.rawValue
    var indices = [UInt32](repeating: 0, count: maximumInterfaces)
    let count = unsafe cposix_multicast_interfaces(
      group.address.isIPv6 ? AF_INET6 : AF_INET, &indices, Int32(maximumInterfaces))
    guard count >= 0 else { throw .lastSystemError("getifaddrs") }
    var lastCode = ENODEV
    var joined: [UInt32] = []
    for interface in indices.prefix(Int(count)) {
      let code = unsafe SocketAddress.with(group) {
        unsafe cposix_join_group(descriptor, $0, $1, interface)
      }
      if code == 0 {
        joined.append(interface)
      } else {
        lastCode = errno
      }
    }
    guard !joined.isEmpty else { throw .system(call: "setsockopt", code: lastCode) }
    return joined
  }

  // MARK: - Sending and receiving

  /// Sends one datagram; one for the joined group leaves through each interface.
  package func send(
    from segments: UnsafeMutableBufferPointer<IOSegment>, to endpoint: Endpoint
  ) -> IOResult {
    guard let descriptor else { return .closed }
    guard endpoint == group else { return unsafe sendNow(descriptor, segments, endpoint) }
    let family = endpoint.address.isIPv6 ? AF_INET6 : AF_INET
    var best = IOResult.failed(ENODEV)
    for interface in interfaces {
      guard cposix_set_multicast_interface(descriptor, family, interface) == 0 else { continue }
      let result = unsafe sendNow(descriptor, segments, endpoint)
      if case .bytes = best { continue }
      best = result
    }
    return best
  }

  private func sendNow(
    _ descriptor: Int32, _ segments: UnsafeMutableBufferPointer<IOSegment>, _ endpoint: Endpoint
  ) -> IOResult {
    while true {
      let count = unsafe SocketAddress.with(endpoint) { address, length in
        unsafe segments.withMemoryRebound(to: iovec.self) { vector in
          unsafe cposix_send_datagram(descriptor, vector.baseAddress, vector.count, address, length)
        }
      }
      if count >= 0 { return .bytes(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS: return .wouldBlock
      case let code: return .failed(code)
      }
    }
  }

  /// Fills the batch with pending datagrams.
  package func receive(into batch: DatagramBatch) -> DatagramArrival {
    batch.removeAll()
    guard let descriptor else { return .closed }
    var errors = 0
    while canRead {
      var count: Int32 = 0
      var code: Int32 = 0
      unsafe batch.fill { memory in
        count = unsafe cposix_receive_datagrams(
          descriptor, memory, batch.datagramLength, &headers, Int32(batch.capacity))
        if count < 0 { code = errno }
        return headers.prefix(max(Int(count), 0)).map(Self.describe)
      }
      if batch.count > 0 { return .datagrams }
      if count > 0 { continue }
      switch code {
      case EINTR: continue
      case EAGAIN: canRead = false
      default:
        errors += 1
        if errors == Self.maximumErrors { canRead = false }
      }
    }
    return .wouldBlock
  }

  private static func describe(
    _ header: cposix_datagram
  ) -> (source: Endpoint?, length: Int, isTruncated: Bool) {
    let source = unsafe withUnsafePointer(to: header.source) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe SocketAddress.endpoint(of: $0)
      }
    }
    return (source, Int(header.length), header.is_truncated != 0)
  }

  /// Waits until datagrams may be pending or never will be.
  package func waitUntilReadable() async {
    while !canRead, descriptor != nil {
      guard await readable.wait() else { return }
    }
  }

  /// Closes the socket and wakes the waiting task.
  package func close() {
    guard let descriptor else { return }
    if let registration { Reactor.shared.loop.poller.remove(registration, descriptor) }
    registration = nil
    socket = nil
    readable.fire()
  }

  private var descriptor: Int32? {
    switch socket {
    case .some(let socket): socket.rawValue
    case .none: nil
    }
  }
}

extension UDPSocket: PollTarget {
  func became(_ readiness: Readiness) {
    guard !readiness.isDisjoint(with: [.readable, .ended]) else { return }
    canRead = true
    readable.fire()
    owner?.datagramsArrived(at: self)
  }
}
