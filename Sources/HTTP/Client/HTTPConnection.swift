package import Networking
internal import Primitives

/// A part between a connection and the network, such as a rate limit.
@Reactor
package protocol TransportFilter: Sendable {
  /// Returns the transport to use in place of a new one.
  func filtered(_ transport: any Transport) -> any Transport
}

/// A connection that can carry one request after another, together with what they taught us about
/// the server.
///
/// Its creator closes it. It serves one request at a time.
@Reactor
package final class HTTPConnection {
  /// The final URL of a redirected request, so that the next one need not be redirected again.
  struct Shortcut {
    let from: String
    let to: HTTPURL
    /// A Boolean value indicating whether a server at a global address took part in the redirects.
    let cameFromAfar: Bool
  }

  private(set) var transport: (any Transport)?
  /// The remote address of the most recent connection.
  private(set) var address: IPAddress?
  private var origin = ""
  var shortcut: Shortcut?
  private let filter: (any TransportFilter)?

  /// Creates a closed connection.
  ///
  /// - Parameter filter: The filter for every byte, except those from URLSession.
  package nonisolated init(filter: (any TransportFilter)? = nil) {
    self.filter = filter
  }

  /// A Boolean value indicating whether bytes arrive over our own connection, which can apply
  /// backpressure.
  package var isOpen: Bool { transport != nil }

  isolated deinit {
    transport?.close()
  }

  /// Returns whether the connection is, as far as we know, open to the URL's server.
  func leads(to url: HTTPURL, among addresses: [IPAddress]) -> Bool {
    transport != nil && origin == url.authority && address.map(addresses.contains) == true
  }

  /// Takes over a connection to a server.
  func open(_ transport: any Transport, to url: HTTPURL, at address: IPAddress) {
    close()
    self.transport = filter?.filtered(transport) ?? transport
    self.address = address
    origin = url.authority
  }

  /// Closes the connection, if there is one.
  package func close() {
    transport?.close()
    transport = nil
  }
}
