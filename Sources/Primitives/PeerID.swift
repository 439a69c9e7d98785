/// The 20 bytes by which a client identifies itself to peers and trackers (BEP 3, BEP 20).
public struct PeerID: Hashable, Sendable, CustomStringConvertible {
  /// The length in bytes.
  public static let length = 20

  /// The bytes, of any value: other clients' ids need not be text.
  public let bytes: [UInt8]

  /// Creates an id from 20 bytes; fails for any other length.
  public init?(_ bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    guard bytes.count == Self.length else { return nil }
    self.bytes = bytes
  }

  /// Returns a new id of our own in the style of BEP 20.
  ///
  /// It consists of a client prefix such as `-SW0100-` and random letters and digits, which are
  /// safe with every tracker's URL escaping.
  public static func make(prefix: String, using random: inout some RandomNumberGenerator) -> PeerID
  {
    let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    var bytes = Array(prefix.utf8.prefix(length))
    while bytes.count < length {
      bytes.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
    }
    return PeerID(validated: bytes)
  }

  private init(validated bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The id with non-printable bytes as `%XX`.
  public var description: String { PercentEncoding.encode(bytes, allowing: .printable) }
}
