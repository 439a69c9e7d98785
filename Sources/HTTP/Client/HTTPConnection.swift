package import Networking
internal import Primitives

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
  private let wrap: @Reactor (any Transport) -> any Transport

  /// Creates a closed connection.
  ///
  /// - Parameter wrap: A wrapper for the transport, such as a rate limit; bytes from URLSession do
  ///   not pass through it.
  package nonisolated init(
    wrapping wrap: @escaping @Reactor (any Transport) -> any Transport = { $0 }
  ) {
    self.wrap = wrap
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
    self.transport = wrap(transport)
    self.address = address
    origin = url.authority
  }

  /// Closes the connection, if there is one.
  package func close() {
    transport?.close()
    transport = nil
  }
}
