/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable {
  /// The four bytes, the first one highest.
  case v4(UInt32)
  /// The sixteen bytes, the first eight in `high`, the first one highest.
  case v6(high: UInt64, low: UInt64)

  /// The IPv4 loopback address, 127.0.0.1.
  public static let loopback4 = IPAddress.v4(0x7F00_0001)
  /// The IPv6 loopback address, ::1.
  public static let loopback6 = IPAddress.v6(high: 0, low: 1)
  /// Every local IPv4 address, 0.0.0.0.
  public static let any4 = IPAddress.v4(0)
  /// Every local IPv6 address, ::.
  public static let any6 = IPAddress.v6(high: 0, low: 0)

  /// Reads 4 or 16 bytes in network order; nil for any other length.
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

  /// Whether this is an IPv6 address.
  public var isIPv6: Bool { if case .v6 = self { true } else { false } }

  /// The IPv4 address inside an IPv4-mapped IPv6 one (`::ffff:a.b.c.d`), else the address itself.
  public var unmapped: IPAddress {
    guard case .v6(0, let low) = self, low >> 32 == 0xFFFF else { return self }
    return .v4(UInt32(truncatingIfNeeded: low))
  }
}

extension IPAddress {
  /// What belongs to one customer of a provider: an IPv4 address itself, and of an IPv6 address the
  /// /64 that it lies in.
  public var network: IPAddress {
    switch unmapped {
    case .v4(let value): .v4(value)
    case .v6(let high, _): .v6(high: high, low: 0)
    }
  }
}

// MARK: - Kinds of addresses

extension IPAddress {
  /// Whether it is in 127.0.0.0/8 or is ::1.
  public var isLoopback: Bool {
    switch unmapped {
    case .v4(let value): value >> 24 == 127
    case .v6(let high, let low): high == 0 && low == 1
    }
  }

  /// Whether it belongs to a private or local network: 10/8, 172.16/12, 192.168/16, 169.254/16, fc00::/7, fe80::/10.
  public var isPrivate: Bool {
    switch unmapped {
    case .v4(let value):
      value >> 24 == 10 || value >> 20 == 0xAC1 || value >> 16 == 0xC0A8 || value >> 16 == 0xA9FE
    case .v6(let high, _): high >> 57 == 0xFC >> 1 || high >> 54 == 0xFE80 >> 6
    }
  }

  /// Whether it is in 0.0.0.0/8 or is ::, which no peer can have.
  public var isUnspecified: Bool {
    switch unmapped {
    case .v4(let value): value >> 24 == 0
    case .v6(let high, let low): high == 0 && low == 0
    }
  }

  /// Whether a peer can have this address: neither unspecified nor multicast nor broadcast.
  public var isPossiblePeer: Bool {
    switch unmapped {
    case .v4(let value): !isUnspecified && value >> 28 < 0xE
    case .v6(let high, _): !isUnspecified && high >> 56 != 0xFF
    }
  }
}
