/// A value to be encoded in canonical form, with keys sorted by their bytes (BEP 3).
public indirect enum BencodeTree: Hashable, Sendable {
  /// A number.
  case integer(Int64)
  /// A byte string, which need not be text.
  case string(BencodeBytes)
  /// A list of values.
  case list([BencodeTree])
  /// Values by key.
  case dictionary([BencodeBytes: BencodeTree])
  /// Bytes that are already bencoded and are written unchanged, such as an `info` dictionary whose
  /// hash must not change.
  case encoded([UInt8])

  /// Returns a string of these bytes.
  public static func bytes(_ bytes: some Sequence<UInt8>) -> BencodeTree {
    .string(BencodeBytes(Array(bytes)))
  }

  /// Converts a parsed value, dropping any non-canonical key order.
  public init(_ value: BencodeValue) {
    switch value.content {
    case .integer(let number): self = .integer(number)
    case .string(let bytes): self = .string(BencodeBytes(bytes))
    case .list(let list): self = .list(list.map { BencodeTree($0) })
    case .dictionary(let dictionary):
      var entries: [BencodeBytes: BencodeTree] = [:]
      for (key, value) in dictionary where entries[BencodeBytes(key)] == nil {
        entries[BencodeBytes(key)] = BencodeTree(value)
      }
      self = .dictionary(entries)
    case .unreadable(let source): self = .encoded(Array(source))
    }
  }

  /// The canonical encoding.
  public var encodedBytes: [UInt8] {
    var output: [UInt8] = []
    write(to: &output)
    return output
  }

  /// Appends the canonical encoding to `output`.
  public func write(to output: inout [UInt8]) {
    switch self {
    case .integer(let number):
      output.append(UInt8(ascii: "i"))
      output += String(number).utf8
      output.append(UInt8(ascii: "e"))
    case .string(let bytes): Self.write(bytes, to: &output)
    case .list(let elements):
      output.append(UInt8(ascii: "l"))
      for element in elements { element.write(to: &output) }
      output.append(UInt8(ascii: "e"))
    case .dictionary(let entries):
      output.append(UInt8(ascii: "d"))
      for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
        Self.write(key, to: &output)
        value.write(to: &output)
      }
      output.append(UInt8(ascii: "e"))
    case .encoded(let bytes): output += bytes
    }
  }

  private static func write(_ bytes: BencodeBytes, to output: inout [UInt8]) {
    output += String(bytes.slice.count).utf8
    output.append(UInt8(ascii: ":"))
    output += bytes.slice
  }
}

// MARK: - Literals

extension BencodeTree: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates a number.
  public init(integerLiteral value: Int64) {
    self = .integer(value)
  }

  /// Creates a string from the UTF-8 encoding of a literal.
  public init(stringLiteral value: String) {
    self = .string(BencodeBytes(value))
  }

  /// Creates a list.
  public init(arrayLiteral elements: BencodeTree...) {
    self = .list(elements)
  }

  /// Creates a dictionary; of equal keys the last one counts.
  public init(dictionaryLiteral elements: (BencodeBytes, BencodeTree)...) {
    self = .dictionary(Dictionary(elements) { _, last in last })
  }
}
