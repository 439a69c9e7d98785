/// Bytes as a field of a Codable type: a bencoded string that need not be text.
///
/// Decoded ones are slices of the input, so they copy nothing and keep it alive.
public struct BencodeBytes: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
  /// The bytes; the first index need not be 0.
  public let slice: ArraySlice<UInt8>

  /// Wraps bytes.
  public init(_ bytes: [UInt8]) {
    slice = bytes[...]
  }

  /// Wraps bytes.
  public init(_ slice: ArraySlice<UInt8>) {
    self.slice = slice
  }

  /// Takes the UTF-8 form of text.
  public init(_ text: String) {
    slice = Array(text.utf8)[...]
  }

  /// Takes the UTF-8 form of a literal.
  public init(stringLiteral text: String) {
    self.init(text)
  }

  /// The bytes as an array of their own.
  public var bytes: [UInt8] { Array(slice) }

  /// The text, or nil for bytes that are not valid UTF-8.
  public var text: String? { String(validating: slice, as: UTF8.self) }

  /// Whether `left` comes first in the order of bytes, which is the order of a dictionary's keys.
  public static func < (left: BencodeBytes, right: BencodeBytes) -> Bool {
    left.slice.lexicographicallyPrecedes(right.slice)
  }
}

extension BencodeBytes: Codable {
  /// Reads a list of bytes, the form outside bencoding; `BencodeDecoder` takes strings itself.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([UInt8].self))
  }

  /// Writes a list of bytes, the form outside bencoding; `BencodeEncoder` writes strings itself.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }
}
