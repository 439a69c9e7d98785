internal import Primitives

/// The connection ids of a UDP tracker (BEP 15): proof that the asker receives at the address from
/// which it claims to send.
///
/// An id is a keyed hash of the address and of the minute, so none has to be remembered. One is
/// good for two minutes at least and three at most.
struct ConnectionIDs: Sendable {
  private static let minute = Duration.seconds(60)

  private let key: (UInt64, UInt64)

  /// Makes ids with a key from `random`.
  init(random: inout SeededRandom) {
    key = (random.next(), random.next())
  }

  /// The id for an address now.
  func make(for address: IPAddress, now: Instant) -> UInt64 {
    id(for: address, minute: Self.number(of: now))
  }

  /// Whether an id was made for that address lately.
  func isGood(_ number: UInt64, for address: IPAddress, now: Instant) -> Bool {
    let minute = Self.number(of: now)
    return (0...2).contains { id(for: address, minute: minute &- $0) == number }
  }

  private func id(for address: IPAddress, minute: Int64) -> UInt64 {
    var message = address.networkBytes
    message.appendBigEndian(minute)
    return SipHash(key: key).hash(message)
  }

  private static func number(of now: Instant) -> Int64 {
    now.nanoseconds / minute.inNanoseconds
  }
}
