package import Networking
internal import Primitives

/// A connection that may carry one request after the other, and what was learnt on it.
///
/// Whoever makes one closes it. It serves one request at a time.
@Reactor
package final class HTTPConnection {
  /// Where requests for one URL have ended up, so that the next one need not be redirected again.
  struct Shortcut {
    let from: String
    let to: HTTPURL
    /// Whether a server at a global address took part.
    let cameFromAfar: Bool
  }

  private(set) var transport: (any Transport)?
  /// The other end of the last connection.
  private(set) var address: IPAddress?
  private var origin = ""
  var shortcut: Shortcut?

  /// Creates one that leads nowhere yet.
  package nonisolated init() {}

  isolated deinit {
    transport?.close()
  }

  /// Whether it is open and leads to that server, as far as we know.
  func leads(to url: HTTPURL, among addresses: [IPAddress]) -> Bool {
    transport != nil && origin == url.authority && address.map(addresses.contains) == true
  }

  /// Takes over a connection to a server.
  func open(_ transport: any Transport, to url: HTTPURL, at address: IPAddress) {
    close()
    self.transport = transport
    self.address = address
    origin = url.authority
  }

  /// Ends the connection, if there is one.
  package func close() {
    transport?.close()
    transport = nil
  }
}
