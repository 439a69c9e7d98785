import Primitives

/// The bound on the connections that others make to us, in total and from one network.
///
/// A stranger can connect as often as it likes and then say nothing. Incoming connections therefore
/// never take the room of those that we dial, nor those from one network the room of all others.
struct Admission {
  /// The maximum number of handshakes with peers that have dialled us that are under way.
  static let welcomeLimit = 64
  /// The maximum number of accepted connections that wait for their handshake.
  static let waitingLimit = 64
  /// The maximum number of connections from one public address, or /64 of IPv6.
  static let networkLimit = 8

  private(set) var count = 0
  private var countByNetwork: [IPAddress: Int] = [:]

  /// Counts a connection, unless there are `limit` already or too many from its network; returns
  /// whether it may stay.
  mutating func admit(_ address: IPAddress, limit: Int) -> Bool {
    guard count < limit else { return false }
    if let network = Self.network(of: address) {
      guard countByNetwork[network, default: 0] < Self.networkLimit else { return false }
      countByNetwork[network, default: 0] += 1
    }
    count += 1
    return true
  }

  /// Records the end of a connection that was admitted.
  mutating func left(_ address: IPAddress) {
    count -= 1
    guard let network = Self.network(of: address), let before = countByNetwork[network] else {
      return
    }
    countByNetwork[network] = before > 1 ? before - 1 : nil
  }

  /// Returns the network for which a connection counts; nil for private networks, where many peers
  /// may share an address and none is anonymous.
  private static func network(of address: IPAddress) -> IPAddress? {
    guard !address.isLoopback, !address.isPrivate else { return nil }
    return address.network
  }
}
