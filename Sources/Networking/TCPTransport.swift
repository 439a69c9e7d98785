internal import CPosix
internal import Glibc
package import Primitives

/// A TCP connection.
///
/// One edge-triggered registration serves both directions. A short read or write means that the
/// kernel's buffer is empty or full, so the next attempt returns `.wouldBlock` without a system
/// call until epoll reports the next edge.
@Reactor
package final class TCPTransport: Transport {
  /// The address of the other side.
  package let remote: Endpoint
  /// The local address.
  package let local: Endpoint

  private static let maximumSegments = 1024

  private var socket: SocketDescriptor?
  private var registration: Poller.Registration?
  private var canRead = false
  private var canWrite: Bool
  /// A Boolean value indicating whether no further edge may come, so that readiness must be kept.
  private var hasEnded = false
  /// A Boolean value indicating whether epoll reports incoming data.
  private var hearsArrivals = true
  private let readable = Wakeup()
  private let writable = Wakeup()

  /// Takes over a socket that is connected, or still connecting and therefore not yet writable.
  init(
    _ socket: consuming SocketDescriptor, remote: Endpoint, isConnected: Bool
  ) throws(NetworkError) {
    self.remote = remote
    local =
      SocketAddress.local(of: socket)
      ?? Endpoint(address: remote.address.isIPv6 ? .any6 : .any4, port: 0)
    canWrite = isConnected
    // Small messages such as requests must not wait for earlier acknowledgements (Nagle's
    // algorithm).
    _ = cposix_set_no_delay(socket.rawValue)
    let descriptor = socket.rawValue
    self.socket = consume socket
    registration = try Reactor.shared.loop.poller.add(descriptor, target: self)
  }

  isolated deinit {
    close()
  }

  // MARK: - Reading and writing

  /// The smoothed round-trip time measured by the kernel.
  package var roundTrip: Duration? {
    let microseconds = descriptor.map { cposix_round_trip($0) } ?? 0
    return microseconds > 0 ? .microseconds(Int64(microseconds)) : nil
  }

  /// A Boolean value indicating whether a read may return data or the end of the stream.
  package var mayRead: Bool { canRead || descriptor == nil }

  /// Reads available data without blocking.
  package func read(into segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard let descriptor else { return .closed }
    guard canRead else { return .wouldBlock }
    while true {
      let count = unsafe Self.withVector(segments) { unsafe readv(descriptor, $0, Int32($1)) }
      if count > 0 {
        if unsafe count < Self.length(of: segments), !hasEnded { canRead = false }
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

  /// Writes as much as fits without blocking.
  package func write(from segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard let descriptor else { return .closed }
    guard canWrite else { return .wouldBlock }
    while true {
      let count = unsafe Self.withVector(segments) { unsafe cposix_send_vector(descriptor, $0, $1) }
      if count >= 0 {
        if unsafe count < Self.length(of: segments), !hasEnded { canWrite = false }
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

  /// Waits until a read may make progress or never will.
  package func waitUntilReadable() async {
    if !canRead { setHearing(true) }
    while !canRead, descriptor != nil {
      guard await readable.wait() else { return }
    }
  }

  /// Stops read events until the next wait for readability; until then, only a read reveals new
  /// data.
  package func ignoreArrivals() {
    setHearing(false)
    canRead = true
  }

  private func setHearing(_ hears: Bool) {
    guard hears != hearsArrivals, let registration, let descriptor else { return }
    hearsArrivals = hears
    Reactor.shared.loop.poller.setReading(hears, registration, descriptor)
  }

  /// Waits until a write may make progress or never will.
  package func waitUntilWritable() async {
    while !canWrite, descriptor != nil {
      guard await writable.wait() else { return }
    }
  }

  /// Closes the connection and wakes all waiting tasks.
  package func close() {
    guard let descriptor else { return }
    if let registration { Reactor.shared.loop.poller.remove(registration, descriptor) }
    registration = nil
    socket = nil
    readable.fire()
    writable.fire()
  }

  // MARK: - Connecting

  /// Waits until the pending connect completes.
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
    for index in 0..<min(segments.count, maximumSegments) {
      unsafe length &+= segments[index].count
    }
    return length
  }

  /// Passes segments to a system call as `iovec`s, whose layout they share.
  private static func withVector(
    _ segments: UnsafeMutableBufferPointer<IOSegment>,
    _ body: (UnsafeMutablePointer<iovec>?, Int) -> Int
  ) -> Int {
    unsafe segments.withMemoryRebound(to: iovec.self) { vector in
      unsafe body(vector.baseAddress, min(vector.count, maximumSegments))
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
