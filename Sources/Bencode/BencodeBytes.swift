/// A byte string as a field of a Codable type: a bencoded string that need not be text.
///
/// Decoded values are slices of the input, so nothing is copied and the input stays alive.
public struct BencodeBytes: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
  /// The bytes, whose first index need not be 0.
  public let slice: ArraySlice<UInt8>

  /// Wraps an array of bytes.
  public init(_ bytes: [UInt8]) {
    slice = bytes[...]
  }

  /// Wraps a slice of bytes.
  public init(_ slice: ArraySlice<UInt8>) {
    self.slice = slice
  }

  /// Wraps the UTF-8 encoding of a string.
  public init(_ text: String) {
    slice = Array(text.utf8)[...]
  }

  /// Wraps the UTF-8 encoding of a literal.
  public init(stringLiteral text: String) {
    self.init(text)
  }

  /// A copy of the bytes as an array.
  public var bytes: [UInt8] { Array(slice) }

  /// Returns whether `left` precedes `right` in byte order, which is the order of dictionary keys.
  public static func < (left: BencodeBytes, right: BencodeBytes) -> Bool {
    left.slice.lexicographicallyPrecedes(right.slice)
  }
}

extension BencodeBytes: Codable {
  /// Decodes a list of bytes, for formats other than bencode; `BencodeDecoder` reads strings
  /// directly.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([UInt8].self))
  }

  /// Encodes a list of bytes, for formats other than bencode; `BencodeEncoder` writes strings
  /// directly.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }
}
