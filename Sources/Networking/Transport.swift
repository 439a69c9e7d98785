package import Primitives

/// What one attempt to read or write without waiting came to.
package enum IOResult: Equatable, Sendable {
  /// That many bytes were moved, at least 1.
  case bytes(Int)
  /// Nothing can be moved now: wait, then try again.
  case wouldBlock
  /// The other side has ended its direction (reads only), or the transport is closed.
  case closed
  /// The connection broke, with this `errno`.
  case failed(Int32)
}

/// A stream of bytes to one peer: plain TCP, or what stands in for it in a simulation.
///
/// Reads and writes never wait. At most one task waits for readability and one for writability.
@Reactor
package protocol Transport: AnyObject, Sendable {
  /// The other side's address.
  var remote: Endpoint { get }
  /// Our own address on this connection.
  var local: Endpoint { get }

  /// How long the network takes to the other side and back; nil while that is not known.
  var roundTrip: Duration? { get }

  /// Whether a read may get further now.
  var mayRead: Bool { get }

  /// Reads what is there into the segments, in order.
  func read(into segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult

  /// Writes from the segments, in order, as much as fits.
  func write(from segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult

  /// Returns when a read may get further, when the transport is closed, or when the task is
  /// cancelled.
  func waitUntilReadable() async

  /// The caller will try to read again by itself after a while, and need not hear of every drip that
  /// comes in meanwhile. The next wait for readability ends it.
  func ignoreArrivals()

  /// Returns when a write may get further, when the transport is closed, or when the task is
  /// cancelled.
  func waitUntilWritable() async

  /// Ends the connection and wakes whoever waits. May be called again.
  func close()
}

extension Transport {
  /// Where hearing of arrivals costs nothing, there is nothing to do.
  package func ignoreArrivals() {}

  /// Not known.
  package var roundTrip: Duration? { nil }
}

/// A listening socket, or what stands in for it in a simulation.
@Reactor
package protocol Listener: AnyObject, Sendable {
  /// Where it listens, with the real port.
  var endpoint: Endpoint { get }

  /// The next incoming connection; nil when the listener is closed or the task cancelled.
  func accept() async -> (any Transport)?

  /// Stops listening and wakes whoever waits. May be called again.
  func close()
}

/// The way to the network, live or simulated.
@Reactor
package protocol Network: AnyObject, Sendable {
  /// Connects to a peer.
  ///
  /// - Parameters:
  ///   - endpoint: Where to.
  ///   - timeout: After which the attempt ends with `.timedOut`.
  /// - Throws: Why there is no connection; `.cancelled` when the task was cancelled.
  /// - Returns: The open connection.
  func connect(
    to endpoint: Endpoint, timeout: Duration
  ) async throws(NetworkError) -> any Transport

  /// Starts to listen; port 0 lets the system choose one.
  func listen(at endpoint: Endpoint) throws(NetworkError) -> any Listener

  /// Opens a socket for datagrams; port 0 lets the system choose one.
  ///
  /// One at an IPv6 address takes no IPv4 datagrams.
  func bindDatagrams(at endpoint: Endpoint) throws(NetworkError) -> any DatagramSocket

  /// Opens a socket that hears what is sent to a multicast group, on every interface.
  ///
  /// Other programs of this machine may listen there as well. What is sent to the group leaves by
  /// every interface and comes back to its sender too.
  func joinGroup(_ group: Endpoint) throws(NetworkError) -> any DatagramSocket

  /// Looks up a host name; a literal address needs no look-up. Never blocks the loop.
  func resolve(host: String, port: UInt16) async throws(NetworkError) -> [Endpoint]
}

/// Why a connection, a listener or a look-up failed.
package enum NetworkError: Error, Equatable, Sendable {
  /// Nothing happened in the time allowed.
  case timedOut
  /// The task was cancelled.
  case cancelled
  /// The name has no address.
  case unknownHost(String)
  /// A system call failed with this `errno`.
  case system(call: String, code: Int32)
}
