internal import CPosix
internal import Glibc
package import Primitives

/// A TCP connection.
///
/// One edge-triggered registration serves both directions. A read or write that the kernel cut
/// short has drained or filled its buffer, so the next attempt is answered from here, without a
/// system call, until epoll reports the next edge.
@Reactor
package final class TCPTransport: Transport {
  /// The other side's address.
  package let remote: Endpoint
  /// Our own address.
  package let local: Endpoint

  private static let maximumSegments = 1024

  private var socket: SocketDescriptor?
  private var registration: Poller.Registration?
  private var canRead = false
  private var canWrite: Bool
  /// Whether no further edge may come, so that readiness must not be forgotten.
  private var hasEnded = false
  /// Whether epoll tells us of what comes in.
  private var hearsArrivals = true
  private let readable = Wakeup()
  private let writable = Wakeup()

  /// Takes over a connected socket, or one that is connecting and so cannot be written yet.
  init(
    _ socket: consuming SocketDescriptor, remote: Endpoint, isConnected: Bool
  ) throws(NetworkError) {
    self.remote = remote
    local =
      SocketAddress.local(of: socket)
      ?? Endpoint(address: remote.address.isIPv6 ? .any6 : .any4, port: 0)
    canWrite = isConnected
    // Small messages such as requests must not wait for the acknowledgement of the ones before.
    _ = cposix_set_no_delay(socket.rawValue)
    let descriptor = socket.rawValue
    self.socket = consume socket
    registration = try Reactor.shared.loop.poller.add(descriptor, target: self)
  }

  isolated deinit {
    close()
  }

  // MARK: - Reading and writing

  /// What the kernel has measured, smoothed.
  package var roundTrip: Duration? {
    let microseconds = descriptor.map { cposix_round_trip($0) } ?? 0
    return microseconds > 0 ? .microseconds(Int64(microseconds)) : nil
  }

  /// Whether a read may bring something, or the end.
  package var mayRead: Bool { canRead || descriptor == nil }

  /// Reads what is there, without waiting.
  package func read(into segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard let descriptor else { return .closed }
    guard canRead else { return .wouldBlock }
    while true {
      let count = Self.withVector(segments) { readv(descriptor, $0, Int32($1)) }
      if count > 0 {
        if count < Self.length(of: segments), !hasEnded { canRead = false }
        return .bytes(count)
      }
      if count == 0 { return .closed }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        canRead = false
        return .wouldBlock
      case let code: return .failed(code)
      }
    }
  }

  /// Writes what fits, without waiting.
  package func write(from segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard let descriptor else { return .closed }
    guard canWrite else { return .wouldBlock }
    while true {
      let count = Self.withVector(segments) { cposix_send_vector(descriptor, $0, $1) }
      if count >= 0 {
        if count < Self.length(of: segments), !hasEnded { canWrite = false }
        return count > 0 ? .bytes(count) : .wouldBlock
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        canWrite = false
        return .wouldBlock
      case let code: return .failed(code)
      }
    }
  }

  /// Returns when a read may get further, or never will.
  package func waitUntilReadable() async {
    if !canRead { setHearing(true) }
    while !canRead, descriptor != nil {
      guard await readable.wait() else { return }
    }
  }

  /// Until the next wait for readability, only trying tells whether there is something to read.
  package func ignoreArrivals() {
    setHearing(false)
    canRead = true
  }

  private func setHearing(_ hears: Bool) {
    guard hears != hearsArrivals, let registration, let descriptor else { return }
    hearsArrivals = hears
    Reactor.shared.loop.poller.setReading(hears, registration, descriptor)
  }

  /// Returns when a write may get further, or never will.
  package func waitUntilWritable() async {
    while !canWrite, descriptor != nil {
      guard await writable.wait() else { return }
    }
  }

  /// Ends the connection and wakes whoever waits.
  package func close() {
    guard let descriptor else { return }
    if let registration { Reactor.shared.loop.poller.remove(registration, descriptor) }
    registration = nil
    socket = nil
    readable.fire()
    writable.fire()
  }

  // MARK: - Connecting

  /// Waits until the connection that was begun is made.
  func finishConnecting(
    deadline: Instant, clock: any LoopClock
  ) async throws(NetworkError) {
    while let descriptor {
      if canWrite {
        let code = cposix_take_socket_error(descriptor)
        guard code == 0 else { throw .system(call: "connect", code: code) }
        return
      }
      switch await clock.wait(for: writable, until: deadline) {
      case .cancelled: throw .cancelled
      case .timedOut: throw .timedOut
      case .fired: continue
      }
    }
    throw .system(call: "connect", code: ECANCELED)
  }

  // MARK: - Details

  private var descriptor: Int32? {
    switch socket {
    case .some(let socket): socket.rawValue
    case .none: nil
    }
  }

  private static func length(of segments: UnsafeMutableBufferPointer<IOSegment>) -> Int {
    var length = 0
    for segment in segments.prefix(maximumSegments) { length &+= segment.count }
    return length
  }

  /// Passes segments to a system call as the `iovec`s that they are.
  private static func withVector(
    _ segments: UnsafeMutableBufferPointer<IOSegment>,
    _ body: (UnsafeMutablePointer<iovec>?, Int) -> Int
  ) -> Int {
    segments.withMemoryRebound(to: iovec.self) { vector in
      body(vector.baseAddress, min(vector.count, maximumSegments))
    }
  }
}

extension TCPTransport: PollTarget {
  func became(_ readiness: Readiness) {
    if !readiness.isDisjoint(with: .ended) { hasEnded = true }
    if !readiness.isDisjoint(with: [.readable, .ended]) {
      canRead = true
      readable.fire()
    }
    if !readiness.isDisjoint(with: [.writable, .broken]) {
      canWrite = true
      writable.fire()
    }
  }
}
