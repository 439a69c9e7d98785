package import Networking
package import Primitives

/// The conditions for datagrams in transit.
package struct DatagramConditions: Sendable {
  /// The probability that a datagram is lost.
  package var loss = 0.0
  /// The probability that a datagram arrives twice.
  package var duplication = 0.0
  /// The maximum random delay on top of the latency, uniformly distributed.
  ///
  /// If it exceeds the interval between two datagrams, they may arrive out of order.
  package var jitter = Duration.zero

  /// Creates conditions without any disturbance.
  package init() {}
}

/// A datagram socket of a simulated host.
///
/// A datagram is lost if a link has more than a second's worth of traffic queued, if the receiving
/// socket has `bufferSize` unread bytes, or if nobody has its destination address.
@Reactor
package final class SimulatedDatagramSocket: DatagramSocket {
  /// The local address.
  package let local: Endpoint
  /// The multicast group that this socket receives, if it was opened for one.
  let group: Endpoint?

  private static let longestBacklog = Duration.seconds(1)
  /// The bytes that the kernel accounts per datagram in addition to its payload.
  private static let overhead = 64

  private let host: SimulatedHost
  private var waiting: [Datagram] = []
  private var unread = 0
  private var isOpen = true
  private let readable = Wakeup()
  /// The owner to notify of arrivals.
  package weak var owner: (any DatagramSocketOwner)?

  init(local: Endpoint, group: Endpoint?, host: SimulatedHost) {
    self.local = local
    self.group = group
    self.host = host
  }

  private var network: SimulatedNetwork { host.network }

  // MARK: - DatagramSocket

  /// Sends one datagram.
  package func send(
    from segments: UnsafeMutableBufferPointer<IOSegment>, to endpoint: Endpoint
  ) -> IOResult {
    guard isOpen else { return .closed }
    var bytes: [UInt8] = []
    for segment in segments {
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: segment.base, count: segment.count))
    }
    guard bytes.count <= 65_507 else { return .failed(90) }
    let datagram = Datagram(source: local, bytes: bytes)
    guard host.isOnline, host.uplink.backlog < Self.longestBacklog else {
      lose(datagram)
      return .bytes(bytes.count)
    }
    host.uplink.pass(bytes.count) { [self] in leave(datagram, to: endpoint) }
    return .bytes(bytes.count)
  }

  /// Fills the batch with pending datagrams.
  package func receive(into batch: DatagramBatch) -> DatagramArrival {
    batch.removeAll()
    guard isOpen else { return .closed }
    while let datagram = waiting.first, batch.append(datagram.bytes, from: datagram.source) {
      waiting.removeFirst()
      unread -= datagram.bytes.count + Self.overhead
    }
    return batch.count > 0 ? .datagrams : .wouldBlock
  }

  /// Waits until datagrams may be pending or never will be.
  package func waitUntilReadable() async {
    while isOpen, waiting.isEmpty {
      guard await readable.wait() else { return }
    }
  }

  /// Closes the socket and wakes the waiting task.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    waiting = []
    host.forget(self)
    readable.fire()
  }

  // MARK: - On the way

  /// Sends a datagram that has passed the uplink on its way: once, twice or not at all.
  private func leave(_ datagram: Datagram, to endpoint: Endpoint) {
    let members = network.members(of: endpoint)
    guard members.isEmpty else {
      for member in members { travel(datagram, to: member.host) { member } }
      return
    }
    guard let other = network.existingHost(endpoint.address) else { return lose(datagram) }
    travel(datagram, to: other) { other.datagramSocket(at: endpoint) }
  }

  private func travel(
    _ datagram: Datagram, to other: SimulatedHost,
    socket: @escaping @Reactor () -> SimulatedDatagramSocket?
  ) {
    let conditions = network.datagrams
    guard !network.happens(conditions.loss) else { return lose(datagram) }
    let copies = network.happens(conditions.duplication) ? 2 : 1
    for _ in 0..<copies {
      var delay = network.latency(from: host, to: other)
      if conditions.jitter > .zero {
        delay += .nanoseconds(
          Int64.random(in: 0...conditions.jitter.inNanoseconds, using: &network.random))
      }
      _ = network.clock.schedule(after: delay) { [self] in
        guard other.isOnline, other.downlink.backlog < Self.longestBacklog else {
          return lose(datagram)
        }
        other.downlink.pass(datagram.bytes.count) { [self] in
          guard let socket = socket() else { return lose(datagram) }
          socket.deliver(datagram)
        }
      }
    }
  }

  private func deliver(_ datagram: Datagram) {
    let size = datagram.bytes.count + Self.overhead
    guard isOpen, host.isOnline, unread + size <= host.options.bufferSize else {
      return lose(datagram)
    }
    network.record(.datagram, connection: Int(local.port), value: datagram.bytes.count)
    unread += size
    waiting.append(datagram)
    readable.fire()
    owner?.datagramsArrived(at: self)
  }

  private func lose(_ datagram: Datagram) {
    network.record(.lostDatagram, connection: Int(local.port), value: datagram.bytes.count)
  }
}
