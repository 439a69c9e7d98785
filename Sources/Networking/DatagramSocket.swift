package import Primitives

/// A socket that sends and receives datagrams: UDP, or what stands in for it in a simulation.
///
/// Sends and receives never wait, and any datagram may be lost. At most one task waits for
/// readability.
@Reactor
package protocol DatagramSocket: AnyObject, Sendable {
  /// Our own address, with the real port.
  var local: Endpoint { get }

  /// Sends one datagram, gathered from the segments; anything but `.bytes` means that it is lost.
  func send(
    from segments: UnsafeMutableBufferPointer<IOSegment>, to endpoint: Endpoint
  ) -> IOResult

  /// Fills the batch with what is there, in the order of its arrival.
  ///
  /// What the network reports about earlier datagrams, such as a port that is closed, is no error
  /// here: UDP promises nothing, and the next datagram may get through.
  func receive(into batch: DatagramBatch) -> DatagramArrival

  /// Returns when there may be something to receive, when the socket is closed, or when the task is
  /// cancelled.
  func waitUntilReadable() async

  /// From now on calls `action`, on the loop, whenever something may have come.
  ///
  /// For an owner that has no task of its own; it receives until there is no more, because nothing
  /// is said twice.
  func onArrival(_ action: @escaping @Reactor () -> Void)

  /// Closes the socket and wakes whoever waits. May be called again.
  func close()
}

/// What one attempt to receive datagrams came to.
package enum DatagramArrival: Equatable, Sendable {
  /// The batch holds at least one.
  case datagrams
  /// There are none now: wait, then try again.
  case wouldBlock
  /// The socket is closed.
  case closed
}

extension DatagramSocket {
  /// Sends one datagram; anything but `.bytes` means that it is lost.
  @discardableResult
  package func send(_ bytes: [UInt8], to endpoint: Endpoint) -> IOResult {
    bytes.withUnsafeBytes { memory in
      // A send only reads, so the memory is not changed through this pointer. An empty datagram
      // needs an address all the same.
      withUnsafeTemporaryAllocation(of: IOSegment.self, capacity: 1) { segments in
        guard let base = memory.baseAddress else {
          return send(from: UnsafeMutableBufferPointer(start: nil, count: 0), to: endpoint)
        }
        segments.initializeElement(
          at: 0,
          to: IOSegment(base: UnsafeMutableRawPointer(mutating: base), count: memory.count))
        return send(from: segments, to: endpoint)
      }
    }
  }

  /// Waits for datagrams and fills the batch; false when the socket is closed or the task cancelled.
  ///
  /// After a full batch the loop's other jobs get a turn, so that a flood starves nobody.
  package func receiveNext(into batch: DatagramBatch) async -> Bool {
    if batch.isFull { await Task.yield() }
    while !Task.isCancelled {
      switch receive(into: batch) {
      case .datagrams: return true
      case .closed: return false
      case .wouldBlock: await waitUntilReadable()
      }
    }
    return false
  }
}
