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
  private let wrap: @Reactor (any Transport) -> any Transport

  /// Creates one that leads nowhere yet.
  ///
  /// - Parameter wrap: What all bytes go through, such as a limit of their rate; what URLSession
  ///   brings does not.
  package nonisolated init(
    wrapping wrap: @escaping @Reactor (any Transport) -> any Transport = { $0 }
  ) {
    self.wrap = wrap
  }

  /// Whether bytes that come now come over a connection of ours, which can be held up.
  package var isOpen: Bool { transport != nil }

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
    self.transport = wrap(transport)
    self.address = address
    origin = url.authority
  }

  /// Ends the connection, if there is one.
  package func close() {
    transport?.close()
    transport = nil
  }
}
