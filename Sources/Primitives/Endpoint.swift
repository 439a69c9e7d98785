/// An address and a port, such as those of a peer or a tracker.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// The address.
  public let address: IPAddress
  /// The port; 0 means none or any, depending on the context.
  public let port: UInt16

  /// Creates an endpoint.
  @inlinable
  public init(address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Parses `1.2.3.4:80` or `[::1]:80`; fails for anything else.
  public init?(_ text: String) {
    guard let (host, port) = Self.splitHostAndPort(text), let address = IPAddress(host) else {
      return nil
    }
    guard address.isIPv6 == text.hasPrefix("[") else { return nil }
    self.init(address: address, port: port)
  }

  /// Splits `host:port` or `[address]:port`, removing the brackets; returns nil without a port.
  public static func splitHostAndPort(_ text: String) -> (host: String, port: UInt16)? {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
      return nil
    }
    let host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      return (String(host.dropFirst().dropLast()), port)
    }
    return host.isEmpty || host.contains(":") ? nil : (String(host), port)
  }

  /// The form `address:port`, with an IPv6 address in brackets.
  public var description: String {
    address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}

// MARK: - Compact form

extension Endpoint {
  /// The compact form of BEP 23 (IPv4, 6 bytes) or BEP 7 (IPv6, 18 bytes): address, then port.
  public var compactBytes: [UInt8] {
    var bytes = address.networkBytes
    bytes.appendBigEndian(port)
    return bytes
  }

  /// Parses a list of compact endpoints of 6 bytes each for IPv4 or 18 for IPv6.
  ///
  /// Returns nil if the length of the list is not a multiple of that size.
  public static func readCompactList(_ bytes: some Collection<UInt8>, isIPv6: Bool) -> [Endpoint]? {
    let size = isIPv6 ? 18 : 6
    guard bytes.count.isMultiple(of: size) else { return nil }
    var endpoints: [Endpoint] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let entry = rest.prefix(size)
      rest = rest.dropFirst(size)
      guard let address = IPAddress(networkBytes: entry.dropLast(2)) else { return nil }
      endpoints.append(
        Endpoint(address: address, port: entry.suffix(2).reduce(0) { $0 << 8 | UInt16($1) }))
    }
    return endpoints
  }
}
