package import Primitives

/// The result of one non-blocking read or write.
package enum IOResult: Equatable, Sendable {
  /// The operation moved this many bytes, at least 1.
  case bytes(Int)
  /// Nothing can be moved now: wait, then try again.
  case wouldBlock
  /// The other side has finished sending (reads only), or the transport is closed.
  case closed
  /// The connection broke with this `errno`.
  case failed(Int32)
}

/// A byte stream to one peer: TCP, or its stand-in in a simulation.
///
/// Reads and writes never block. At most one task may wait for readability and one for writability.
@Reactor
package protocol Transport: AnyObject, Sendable {
  /// The address of the other side.
  var remote: Endpoint { get }
  /// The local address of this connection.
  var local: Endpoint { get }

  /// The round-trip time to the other side, or nil if it is unknown.
  var roundTrip: Duration? { get }

  /// A Boolean value indicating whether a read may make progress now.
  var mayRead: Bool { get }

  /// Reads available data into the segments, in order.
  func read(into segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult

  /// Writes as much of the segments as fits, in order.
  func write(from segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult

  /// Waits until a read may make progress, the transport is closed, or the task is cancelled.
  func waitUntilReadable() async

  /// Suppresses notifications about incoming data until the next wait for readability.
  ///
  /// A caller that polls after a pause uses it to let a trickle of data accumulate.
  func ignoreArrivals()

  /// Waits until a write may make progress, the transport is closed, or the task is cancelled.
  func waitUntilWritable() async

  /// Closes the connection and wakes all waiting tasks; closing twice is harmless.
  func close()
}

extension Transport {
  /// Does nothing: by default, notifications are assumed to cost nothing.
  package func ignoreArrivals() {}

  /// Returns nil: by default, the round-trip time is unknown.
  package var roundTrip: Duration? { nil }
}

/// A listening socket, or its stand-in in a simulation.
@Reactor
package protocol Listener: AnyObject, Sendable {
  /// The address on which it listens, with the port that the system assigned.
  var endpoint: Endpoint { get }

  /// Waits for the next incoming connection; returns nil if the listener is closed or the task
  /// cancelled.
  func accept() async -> (any Transport)?

  /// Stops listening and wakes the waiting task; closing twice is harmless.
  func close()
}

/// Access to the network, live or simulated.
@Reactor
package protocol Network: AnyObject, Sendable {
  /// Connects to a peer.
  ///
  /// - Parameters:
  ///   - endpoint: The peer's address.
  ///   - timeout: The time after which the attempt fails with `.timedOut`.
  /// - Throws: The reason for the failure; `.cancelled` if the task was cancelled.
  /// - Returns: The open connection.
  func connect(
    to endpoint: Endpoint, timeout: Duration
  ) async throws(NetworkError) -> any Transport

  /// Starts listening; with port 0 the system chooses the port.
  func listen(at endpoint: Endpoint) throws(NetworkError) -> any Listener

  /// Opens a datagram socket; with port 0 the system chooses the port.
  ///
  /// A socket at an IPv6 address receives no IPv4 datagrams.
  func bindDatagrams(at endpoint: Endpoint) throws(NetworkError) -> any DatagramSocket

  /// Opens a socket that receives a multicast group's datagrams on every interface.
  ///
  /// Other programs on this host may listen there as well. A datagram sent to the group leaves
  /// through every interface and also loops back to its sender.
  func joinGroup(_ group: Endpoint) throws(NetworkError) -> any DatagramSocket

  /// Resolves a host name without blocking the loop; a literal address needs no look-up.
  func resolve(host: String, port: UInt16) async throws(NetworkError) -> [Endpoint]
}

/// The failure of a connection, a listener or a look-up.
package enum NetworkError: Error, Equatable, Sendable {
  /// The operation did not complete within its timeout.
  case timedOut
  /// The task was cancelled.
  case cancelled
  /// The host name has no address.
  case unknownHost(String)
  /// A system call failed with this `errno`.
  case system(call: String, code: Int32)
}
