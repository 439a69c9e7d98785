package import Primitives

/// A socket for datagrams: UDP, or its stand-in in a simulation.
///
/// Sending and receiving never block, and any datagram may be lost. At most one task may wait for
/// readability.
@Reactor
package protocol DatagramSocket: AnyObject, Sendable {
  /// The local address, with the port that the system assigned.
  var local: Endpoint { get }

  /// Sends one datagram gathered from the segments; any result but `.bytes` means that it was
  /// dropped.
  func send(
    from segments: UnsafeMutableBufferPointer<IOSegment>, to endpoint: Endpoint
  ) -> IOResult

  /// Fills the batch with pending datagrams, in order of arrival.
  ///
  /// Errors that the network reports about earlier datagrams, such as a closed port, are ignored.
  /// UDP guarantees nothing, and the next datagram may get through.
  func receive(into batch: DatagramBatch) -> DatagramArrival

  /// Waits until the socket may be readable, is closed, or the task is cancelled.
  func waitUntilReadable() async

  /// The owner to notify whenever datagrams may have arrived, held weakly.
  ///
  /// This suits an owner without a task of its own. The notification is edge-triggered, so the
  /// owner must receive until nothing is pending.
  var owner: (any DatagramSocketOwner)? { get set }

  /// Closes the socket and wakes the waiting task; closing twice is harmless.
  func close()
}

/// The owner of a datagram socket, which is notified of arrivals on the loop.
@Reactor
package protocol DatagramSocketOwner: AnyObject {
  /// Handles the news that datagrams may be pending.
  func datagramsArrived(at socket: any DatagramSocket)
}

/// The result of one attempt to receive datagrams.
package enum DatagramArrival: Equatable, Sendable {
  /// The batch holds at least one datagram.
  case datagrams
  /// No datagram is pending: wait, then try again.
  case wouldBlock
  /// The socket is closed.
  case closed
}

extension DatagramSocket {
  /// Sends one datagram; any result but `.bytes` means that it was dropped.
  @discardableResult
  package func send(_ bytes: [UInt8], to endpoint: Endpoint) -> IOResult {
    unsafe bytes.withUnsafeBytes { memory in
      // The cast to a mutable pointer is safe because sending only reads. An empty array may have
      // no base address, but an empty datagram is still sent.
      unsafe withUnsafeTemporaryAllocation(of: IOSegment.self, capacity: 1) { segments in
        guard let base = memory.baseAddress else {
          return unsafe send(from: UnsafeMutableBufferPointer(start: nil, count: 0), to: endpoint)
        }
        unsafe segments.initializeElement(
          at: 0,
          to: IOSegment(base: UnsafeMutableRawPointer(mutating: base), count: memory.count))
        return unsafe send(from: segments, to: endpoint)
      }
    }
  }

  /// Waits for datagrams and fills the batch; returns false if the socket is closed or the task
  /// cancelled.
  ///
  /// After a full batch it yields to the loop's other jobs, so that a flood cannot starve them.
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
