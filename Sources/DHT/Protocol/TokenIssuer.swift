internal import Hashing
import Primitives

/// An issuer of the tokens which prove that an announcing node receives at its address (BEP 5).
///
/// A token is a hash of a secret, a five-minute slot and the address, so nothing has to be stored.
/// It is valid in its own slot and the next.
struct TokenIssuer: Sendable {
  static let slotLength = Duration.seconds(300)
  static let tokenLength = 8

  private let secret: [UInt8]

  init(secret: [UInt8]) {
    self.secret = secret
  }

  /// Returns the token of an address.
  func token(for address: IPAddress, now: Instant) -> [UInt8] {
    token(for: address, slot: slot(of: now))
  }

  /// Returns whether we have recently issued the token to the address.
  func accepts(_ token: [UInt8], from address: IPAddress, now: Instant) -> Bool {
    let slot = slot(of: now)
    return token == self.token(for: address, slot: slot)
      || token == self.token(for: address, slot: slot &- 1)
  }

  private func slot(of now: Instant) -> Int64 {
    now.nanoseconds / Self.slotLength.inNanoseconds
  }

  private func token(for address: IPAddress, slot: Int64) -> [UInt8] {
    var input = secret
    input.appendBigEndian(slot)
    input += address.networkBytes
    return Array(SHA1.digest(of: input).bytes.prefix(Self.tokenLength))
  }
}
