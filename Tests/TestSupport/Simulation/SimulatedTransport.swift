package import Networking
package import Primitives

/// One end of a simulated connection.
///
/// A direction holds at most the sender's `bufferSize` bytes that are unsent, in flight or unread.
/// Beyond that, writes block until the other side reads.
@Reactor
package final class SimulatedTransport: Transport {
  /// The local address.
  package let local: Endpoint
  /// The address of the other side.
  package let remote: Endpoint

  /// The bytes that travel as one event.
  struct Packet {
    let bytes: ArraySlice<UInt8>
    let isLast: Bool

    var count: Int { bytes.count }
  }

  /// The number of the connection in the trace.
  let number: Int
  /// The other end.
  weak var partner: SimulatedTransport?
  /// A Boolean value indicating whether the connection is queued at the uplink.
  var waitsForUplink = false

  private static let brokenPipe: Int32 = 32
  private static let connectionReset: Int32 = 104

  private let host: SimulatedHost
  private var outgoing = ByteQueue()
  private var incoming = ByteQueue()
  /// The number of bytes sent but not yet read.
  private var unread = 0
  private var lastArrival = Instant.zero
  private var isOpen = true
  private var mustSendEnd = false
  private var hasReceivedEnd = false
  private var failure: Int32?
  /// A Boolean value indicating whether the host is offline, so that nothing is sent or received.
  private var isCutOff = false
  private let readable = Wakeup()
  private let writable = Wakeup()

  init(number: Int, local: Endpoint, remote: Endpoint, host: SimulatedHost) {
    self.number = number
    self.local = local
    self.remote = remote
    self.host = host
  }

  private var network: SimulatedNetwork { host.network }

  private var room: Int {
    max(0, host.options.bufferSize - outgoing.count - unread)
  }

  // MARK: - Transport

  /// A Boolean value indicating whether a read may return data or the end of the stream.
  package var mayRead: Bool {
    !isOpen || !incoming.isEmpty || failure != nil || hasReceivedEnd
  }

  /// Reads available data without blocking.
  package func read(into segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard isOpen else { return .closed }
    guard !incoming.isEmpty else {
      if let failure { return .failed(failure) }
      return hasReceivedEnd ? .closed : .wouldBlock
    }
    var budget = network.cut(min(incoming.count, segments.reduce(0) { $0 + $1.count }))
    let total = budget
    for segment in segments {
      var filled = 0
      while filled < segment.count, budget > 0, let base = segment.base {
        let bytes = incoming.take(upTo: min(budget, segment.count - filled))
        bytes.withUnsafeBytes { source in
          UnsafeMutableRawBufferPointer(start: base + filled, count: source.count)
            .copyMemory(from: source)
        }
        filled += bytes.count
        budget -= bytes.count
      }
    }
    guard total > 0 else { return .wouldBlock }
    network.record(.read, connection: number, value: total)
    partner?.wasRead(total)
    return .bytes(total)
  }

  /// Writes as much as fits without blocking.
  package func write(from segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard isOpen else { return .closed }
    if let failure { return .failed(failure) }
    if hasReceivedEnd { return .failed(Self.brokenPipe) }
    let total = network.cut(min(room, segments.reduce(0) { $0 + $1.count }))
    guard total > 0 else { return .wouldBlock }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    for segment in segments where bytes.count < total {
      let count = min(segment.count, total - bytes.count)
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: segment.base, count: count))
    }
    outgoing.append(bytes[...])
    network.record(.wrote, connection: number, value: total)
    host.uplink.request(self)
    return .bytes(total)
  }

  /// Waits until a read may make progress or never will.
  package func waitUntilReadable() async {
    while isOpen, incoming.isEmpty, !hasReceivedEnd, failure == nil {
      guard await readable.wait() else { return }
    }
  }

  /// Waits until a write may make progress or never will.
  package func waitUntilWritable() async {
    while isOpen, room == 0, !hasReceivedEnd, failure == nil {
      guard await writable.wait() else { return }
    }
  }

  /// Closes the connection and wakes all waiting tasks.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    host.forget(self)
    network.record(.closed, connection: number, value: incoming.count)
    if incoming.isEmpty {
      mustSendEnd = true
      host.uplink.request(self)
    } else {
      // Closing with unread data resets the connection, as the kernel does.
      incoming.removeAll()
      sendReset()
    }
    wakeBoth()
  }

  // MARK: - Sending

  func nextPacket() -> Packet? {
    if !outgoing.isEmpty {
      let bytes = outgoing.take(upTo: SimulatedNetwork.packetSize)
      unread += bytes.count
      return Packet(bytes: bytes, isLast: false)
    }
    guard mustSendEnd else { return nil }
    mustSendEnd = false
    return Packet(bytes: [], isLast: true)
  }

  /// Sends a packet that has passed the uplink on its way.
  func send(_ packet: Packet) {
    guard !isCutOff, let partner else { return }
    let latency = network.latency(from: host, to: partner.host)
    // A decreasing latency must not let packets overtake each other.
    lastArrival = max(lastArrival, network.clock.now + latency)
    _ = network.clock.schedule(at: lastArrival) {
      partner.host.downlink.pass(packet.count) { partner.deliver(packet) }
    }
  }

  private func sendReset() {
    outgoing.removeAll()
    mustSendEnd = false
    guard !isCutOff, let partner else { return }
    let latency = network.latency(from: host, to: partner.host)
    lastArrival = max(lastArrival, network.clock.now + latency)
    _ = network.clock.schedule(at: lastArrival) { partner.deliverReset() }
  }

  // MARK: - Receiving

  private func deliver(_ packet: Packet) {
    guard !isCutOff, failure == nil else { return }
    if packet.isLast {
      network.record(.ended, connection: number, value: 0)
      hasReceivedEnd = true
      outgoing.removeAll()
      return wakeBoth()
    }
    guard isOpen else { return sendReset() }
    network.record(.delivered, connection: number, value: packet.count)
    incoming.append(packet.bytes)
    host.wake(readable)
  }

  private func deliverReset() {
    guard !isCutOff, failure == nil else { return }
    network.record(.reset, connection: number, value: 0)
    failure = Self.connectionReset
    outgoing.removeAll()
    wakeBoth()
  }

  private func wasRead(_ count: Int) {
    unread -= count
    if room > 0 { host.wake(writable) }
  }

  func hostDisappeared(silently: Bool) {
    if !silently { sendReset() }
    isCutOff = true
    failure = Self.connectionReset
    outgoing.removeAll()
    wakeBoth()
  }

  private func wakeBoth() {
    host.wake(readable)
    host.wake(writable)
  }
}
