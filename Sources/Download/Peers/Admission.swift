import Primitives

/// How many connections others may make to us, in all and from one network.
///
/// A stranger can connect as often as he likes and then say nothing, so what comes in must never
/// take the room of what we dial, nor one network that of all others.
struct Admission {
  /// How many handshakes of connections from others may be under way.
  static let welcomeLimit = 64
  /// How many accepted connections may wait for theirs.
  static let waitingLimit = 64
  /// How many connections one public address, or /64 of IPv6, may have.
  static let networkLimit = 8

  private(set) var count = 0
  private var countByNetwork: [IPAddress: Int] = [:]

  /// Takes a connection in, unless there are `limit` of them already or too many from its network.
  mutating func admit(_ address: IPAddress, limit: Int) -> Bool {
    guard count < limit else { return false }
    if let network = Self.network(of: address) {
      guard countByNetwork[network, default: 0] < Self.networkLimit else { return false }
      countByNetwork[network, default: 0] += 1
    }
    count += 1
    return true
  }

  /// A connection that was taken in has ended.
  mutating func left(_ address: IPAddress) {
    count -= 1
    guard let network = Self.network(of: address), let before = countByNetwork[network] else {
      return
    }
    countByNetwork[network] = before > 1 ? before - 1 : nil
  }

  /// Whom connections are counted for; nil in private networks, where many peers may share an
  /// address and nobody is anonymous.
  private static func network(of address: IPAddress) -> IPAddress? {
    guard !address.isLoopback, !address.isPrivate else { return nil }
    return address.network
  }
}
