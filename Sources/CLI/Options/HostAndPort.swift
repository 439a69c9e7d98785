package import Primitives

/// A host, by name or by address, and a port, as the command line gives them.
package struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
  /// The host's name or address, an IPv6 address without its brackets.
  package let host: String
  /// The port; 0 is any.
  package let port: UInt16

  /// Reads `seed.example:6881`, `192.0.2.1:6881` or `[2001:db8::1]:6881`; nil for anything else.
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

  /// The endpoint, when the host is an address and needs no look-up.
  package var endpoint: Endpoint? {
    IPAddress(host).map { Endpoint(address: $0, port: port) }
  }

  /// The text that was read.
  package var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Whether text can name a host in the DNS or in /etc/hosts.
  ///
  /// A last label of digits alone makes an address that is cut short or too long, which look-ups
  /// read in ways that nobody expects: `192.0.2` as `192.0.0.2`.
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
