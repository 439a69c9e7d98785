package import Networking
package import Primitives

/// What happens to datagrams on their way.
package struct DatagramConditions: Sendable {
  /// The probability that one is lost.
  package var loss = 0.0
  /// The probability that one arrives twice.
  package var duplication = 0.0
  /// By how much more than the latency one may take, evenly spread; more than the pause between
  /// two datagrams lets them overtake each other.
  package var jitter = Duration.zero

  /// Nothing happens to them.
  package init() {}
}

/// A socket for datagrams of a simulated host.
///
/// Datagrams that find a link with a second's worth of traffic before them, or a socket with
/// `bufferSize` unread bytes, are lost, like those to where nobody is.
@Reactor
package final class SimulatedDatagramSocket: DatagramSocket {
  /// Our own address.
  package let local: Endpoint
  /// The multicast group that this socket hears, if it was opened for one.
  let group: Endpoint?

  private static let longestBacklog = Duration.seconds(1)
  /// What the kernel adds to each datagram when it counts what is unread.
  private static let overhead = 64

  private let host: SimulatedHost
  private var waiting: [Datagram] = []
  private var unread = 0
  private var isOpen = true
  private let readable = Wakeup()
  private var arrivalAction: (@Reactor () -> Void)?

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

  /// Fills the batch with what is there.
  package func receive(into batch: DatagramBatch) -> DatagramArrival {
    batch.removeAll()
    guard isOpen else { return .closed }
    while let datagram = waiting.first, batch.append(datagram.bytes, from: datagram.source) {
      waiting.removeFirst()
      unread -= datagram.bytes.count + Self.overhead
    }
    return batch.count > 0 ? .datagrams : .wouldBlock
  }

  /// Returns when there may be something to receive, or never will be.
  package func waitUntilReadable() async {
    while isOpen, waiting.isEmpty {
      guard await readable.wait() else { return }
    }
  }

  /// From now on calls `action` whenever something has come.
  package func onArrival(_ action: @escaping @Reactor () -> Void) {
    arrivalAction = action
  }

  /// Closes the socket and wakes whoever waits.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    waiting = []
    arrivalAction = nil
    host.forget(self)
    readable.fire()
  }

  // MARK: - On the way

  /// Puts a datagram that has passed the uplink on its way, or two of it, or none.
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
    arrivalAction?()
  }

  private func lose(_ datagram: Datagram) {
    network.record(.lostDatagram, connection: Int(local.port), value: datagram.bytes.count)
  }
}
