/// The result of parsing: the top-level value and the tolerated departures.
public struct BencodeDocument: Sendable {
  /// The top-level value, whose range tells where it ends.
  public let root: BencodeValue
  /// The departures from canonical bencoding, in input order and limited in number.
  public let warnings: [BencodeWarning]
}

/// A parsed value that knows its location in the input (BEP 3, "bencoding").
///
/// It is a position in a shared, immutable document. Copying it is cheap, and strings are slices of
/// the input. A value keeps its whole document alive.
public struct BencodeValue: Sendable {
  /// The content of a value by its type.
  public enum Content: Sendable {
    /// A number.
    case integer(Int64)
    /// A byte string, which need not be text.
    case string(ArraySlice<UInt8>)
    /// A list of values.
    case list(BencodeList)
    /// Values by key.
    case dictionary(BencodeDictionary)
    /// A number that cannot be read, as it stands in the source; only a tolerant parse has it.
    case unreadable(ArraySlice<UInt8>)
  }

  let tape: BencodeTape
  let index: Int

  /// The content by its type.
  public var content: Content {
    switch tape.tokens[index].kind {
    case .integer: .integer(tape.tokens[index].payload)
    case .string: .string(tape.string(index))
    case .list: .list(BencodeList(tape: tape, index: index))
    case .dictionary: .dictionary(BencodeDictionary(tape: tape, index: index))
    case .unreadable: .unreadable(source)
    }
  }

  /// The range of the value's encoding in the input.
  public var range: Range<Int> { tape.range(index) }

  /// The value's encoding, exactly as it appears in the input.
  public var source: ArraySlice<UInt8> { tape.bytes[range] }

  /// The number, or nil for any other type.
  public var integer: Int64? {
    tape.tokens[index].kind == .integer ? tape.tokens[index].payload : nil
  }

  /// The bytes of a string, or nil for any other type.
  public var bytes: ArraySlice<UInt8>? {
    tape.tokens[index].kind == .string ? tape.string(index) : nil
  }

  /// The text of a string, or nil for any other type or invalid UTF-8.
  public var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }

  /// The list, or nil for any other type.
  public var list: BencodeList? {
    tape.tokens[index].kind == .list ? BencodeList(tape: tape, index: index) : nil
  }

  /// The dictionary, or nil for any other type.
  public var dictionary: BencodeDictionary? {
    tape.tokens[index].kind == .dictionary ? BencodeDictionary(tape: tape, index: index) : nil
  }

  /// Returns the value of a key, or nil if this is not a dictionary or has no such key.
  public subscript(key: String) -> BencodeValue? { dictionary?[key] }
}

/// The elements of a parsed list, in order.
public struct BencodeList: Sequence, Sendable {
  let tape: BencodeTape
  let index: Int

  /// The number of elements.
  public var count: Int { Int(tape.tokens[index].payload) }

  /// A Boolean value indicating whether the list has no elements.
  public var isEmpty: Bool { count == 0 }

  /// The range of the list's encoding in the input.
  public var range: Range<Int> { tape.range(index) }

  /// Returns an iterator over the elements.
  public func makeIterator() -> Iterator {
    Iterator(tape: tape, position: index + 1, rest: count)
  }

  /// A position among the elements.
  public struct Iterator: IteratorProtocol, Sendable {
    let tape: BencodeTape
    var position: Int
    var rest: Int

    /// Returns the next element, or nil after the last one.
    public mutating func next() -> BencodeValue? {
      guard rest > 0 else { return nil }
      defer {
        rest -= 1
        position = Int(tape.tokens[position].next)
      }
      return BencodeValue(tape: tape, index: position)
    }
  }
}

/// The entries of a parsed dictionary, in input order.
///
/// After a tolerant parse a key may occur more than once; a look-up finds the first.
public struct BencodeDictionary: Sequence, Sendable {
  let tape: BencodeTape
  let index: Int

  /// The number of entries.
  public var count: Int { Int(tape.tokens[index].payload) }

  /// A Boolean value indicating whether the dictionary has no entries.
  public var isEmpty: Bool { count == 0 }

  /// The range of the dictionary's encoding in the input.
  public var range: Range<Int> { tape.range(index) }

  /// Returns the value of a key, in logarithmic time.
  public subscript(key: some Collection<UInt8>) -> BencodeValue? {
    tape.value(of: key, in: index).map { BencodeValue(tape: tape, index: $0) }
  }

  /// Returns the value of a key, in logarithmic time.
  public subscript(key: String) -> BencodeValue? { self[key.utf8] }

  /// Returns an iterator over the entries.
  public func makeIterator() -> Iterator {
    Iterator(tape: tape, position: index + 1, rest: count)
  }

  /// A position among the entries.
  public struct Iterator: IteratorProtocol, Sendable {
    let tape: BencodeTape
    var position: Int
    var rest: Int

    /// Returns the next entry, or nil after the last one.
    public mutating func next() -> (key: ArraySlice<UInt8>, value: BencodeValue)? {
      guard rest > 0 else { return nil }
      let key = tape.string(position)
      let value = BencodeValue(tape: tape, index: position + 1)
      rest -= 1
      position = Int(tape.tokens[position + 1].next)
      return (key, value)
    }
  }
}
