package import Primitives

/// A host and a port, as given on the command line; the host is a name or an address.
package struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
  /// The host's name or address; an IPv6 address has no brackets.
  package let host: String
  /// The port; 0 means any.
  package let port: UInt16

  /// Parses `seed.example:6881`, `192.0.2.1:6881` or `[2001:db8::1]:6881`; nil if it is malformed.
  package init?(_ text: String) {
    guard let (host, port) = Endpoint.splitHostAndPort(text) else { return nil }
    if let address = IPAddress(host) {
      guard address.isIPv6 == text.hasPrefix("[") else { return nil }
    } else {
      guard !text.hasPrefix("["), Self.isName(host) else { return nil }
    }
    self.host = host
    self.port = port
  }

  /// The endpoint, if the host is an address and needs no resolution.
  package var endpoint: Endpoint? {
    IPAddress(host).map { Endpoint(address: $0, port: port) }
  }

  /// The original text.
  package var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Returns whether text can be a host name in the DNS or in /etc/hosts.
  ///
  /// If the last label consists of digits, the text is an incomplete or overlong address. Resolvers
  /// interpret those in surprising ways: `192.0.2` as `192.0.0.2`.
  private static func isName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isLegal = labels.allSatisfy { label in
      (1...63).contains(label.utf8.count)
        && label.utf8.allSatisfy { byte in
          switch byte {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
          default: false
          }
        }
    }
    guard isLegal, text.utf8.count <= 253, let last = labels.last else { return false }
    return !last.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
