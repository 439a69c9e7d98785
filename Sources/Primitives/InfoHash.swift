/// The identity of a torrent: the hash of the original bytes of its `info` dictionary.
///
/// A version 1 hash is SHA-1 (20 bytes, BEP 3), and a version 2 hash is SHA-256 (32 bytes, BEP 52).
/// On the wire, with trackers and in the DHT both take 20 bytes: `wireBytes`.
public struct InfoHash: Hashable, Sendable, CustomStringConvertible {
  /// The length in bytes of a version 1 hash, and of any hash on the wire.
  public static let wireLength = 20

  /// The length of a version 2 hash in bytes.
  public static let version2Length = 32

  /// The whole hash: 20 bytes for version 1, 32 for version 2.
  public let bytes: [UInt8]

  /// Creates a hash from 20 or 32 bytes; fails for any other length.
  public init?(_ bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    guard bytes.count == Self.wireLength || bytes.count == Self.version2Length else { return nil }
    self.bytes = bytes
  }

  /// Creates a hash from 40 or 64 hexadecimal digits; fails for anything else.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes)
  }

  /// The 20 bytes used by handshakes and trackers; a version 2 hash is truncated to them (BEP 52).
  public var wireBytes: [UInt8] { Array(bytes.prefix(Self.wireLength)) }

  /// The hash in lower-case hexadecimal.
  public var description: String { Hex.encode(bytes) }
}
