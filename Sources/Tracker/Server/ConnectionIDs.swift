internal import Primitives

/// The connection ids of a UDP tracker (BEP 15), which prove that the sender of a datagram also
/// receives at its address.
///
/// An id is a keyed hash of the address and the current minute, so none has to be stored. It is
/// valid for at least two and at most three minutes.
struct ConnectionIDs: Sendable {
  private static let minute = Duration.seconds(60)

  private let key: (UInt64, UInt64)

  /// Creates a generator of ids with a key from `random`.
  init(random: inout SeededRandom) {
    key = (random.next(), random.next())
  }

  /// Returns the id for an address at this time.
  func make(for address: IPAddress, now: Instant) -> UInt64 {
    id(for: address, minute: Self.number(of: now))
  }

  /// Returns whether an id was made for this address within the last three minutes.
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
