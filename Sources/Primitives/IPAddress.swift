/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable {
  /// An IPv4 address in host byte order.
  case v4(UInt32)
  /// An IPv6 address as two halves in host byte order.
  case v6(high: UInt64, low: UInt64)

  /// The IPv4 loopback address, 127.0.0.1.
  public static let loopback4 = IPAddress.v4(0x7F00_0001)
  /// The IPv6 loopback address, ::1.
  public static let loopback6 = IPAddress.v6(high: 0, low: 1)
  /// The IPv4 wildcard address, 0.0.0.0.
  public static let any4 = IPAddress.v4(0)
  /// The IPv6 wildcard address, ::.
  public static let any6 = IPAddress.v6(high: 0, low: 0)

  /// Creates an address from 4 or 16 bytes in network order; fails for any other length.
  public init?(networkBytes bytes: some Collection<UInt8>) {
    func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
      bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
    switch bytes.count {
    case 4: self = .v4(UInt32(number(bytes)))
    case 16: self = .v6(high: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)))
    default: return nil
    }
  }

  /// The address in network order: 4 or 16 bytes.
  public var networkBytes: [UInt8] {
    var bytes: [UInt8] = []
    switch self {
    case .v4(let value): bytes.appendBigEndian(value)
    case .v6(let high, let low):
      bytes.appendBigEndian(high)
      bytes.appendBigEndian(low)
    }
    return bytes
  }

  /// A Boolean value indicating whether this is an IPv6 address.
  public var isIPv6: Bool { if case .v6 = self { true } else { false } }

  /// The embedded IPv4 address of an IPv4-mapped one (`::ffff:a.b.c.d`), or else the address
  /// itself.
  public var unmapped: IPAddress {
    guard case .v6(0, let low) = self, low >> 32 == 0xFFFF else { return self }
    return .v4(UInt32(truncatingIfNeeded: low))
  }
}

extension IPAddress {
  /// The network assigned to one customer of a provider: a whole IPv4 address, or the /64 of an
  /// IPv6 address.
  public var network: IPAddress {
    switch unmapped {
    case .v4(let value): .v4(value)
    case .v6(let high, _): .v6(high: high, low: 0)
    }
  }
}

// MARK: - Kinds of addresses

extension IPAddress {
  /// A Boolean value indicating whether the address is in 127.0.0.0/8 or is ::1.
  public var isLoopback: Bool {
    switch unmapped {
    case .v4(let value): value >> 24 == 127
    case .v6(let high, let low): high == 0 && low == 1
    }
  }

  /// A Boolean value indicating whether the address belongs to a private or link-local network.
  ///
  /// Those are 10/8, 172.16/12, 192.168/16, 169.254/16, fc00::/7 and fe80::/10.
  public var isPrivate: Bool {
    switch unmapped {
    case .v4(let value):
      value >> 24 == 10 || value >> 20 == 0xAC1 || value >> 16 == 0xC0A8 || value >> 16 == 0xA9FE
    case .v6(let high, _): high >> 57 == 0xFC >> 1 || high >> 54 == 0xFE80 >> 6
    }
  }

  /// A Boolean value indicating whether the address is in 0.0.0.0/8 or is ::, which no peer can
  /// have.
  public var isUnspecified: Bool {
    switch unmapped {
    case .v4(let value): value >> 24 == 0
    case .v6(let high, let low): high == 0 && low == 0
    }
  }

  /// A Boolean value indicating whether a peer can have the address: it is neither unspecified,
  /// multicast nor broadcast.
  public var isPossiblePeer: Bool {
    switch unmapped {
    case .v4(let value): !isUnspecified && value >> 28 < 0xE
    case .v6(let high, _): !isUnspecified && high >> 56 != 0xFF
    }
  }
}
