/// The reason why bencoded data was rejected or does not match the requested type.
public enum BencodeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes violate the encoding of BEP 3.
  case malformed(BencodeDefect, offset: Int, path: BencodePath)
  /// A value does not have the expected type.
  case typeMismatch(expected: String, path: BencodePath)
  /// A dictionary lacks a required key.
  case missingKey(String, path: BencodePath)
  /// A value has the right type but is not acceptable.
  case invalidValue(String, path: BencodePath)

  /// A one-clause description of the failure and its location.
  public var description: String {
    switch self {
    case .malformed(let defect, let offset, let path):
      let place = path.components.isEmpty ? "" : " in \(path)"
      return "\(defect) at byte \(offset)\(place)"
    case .typeMismatch(let expected, let path): return "\(path) is not \(expected)"
    case .missingKey(let key, let path):
      return path.components.isEmpty
        ? "the key \"\(key)\" is missing" : "the key \"\(key)\" is missing in \(path)"
    case .invalidValue(let reason, let path): return "\(path): \(reason)"
    }
  }
}

/// A kind of malformed bencoding.
public enum BencodeDefect: Hashable, Sendable, CustomStringConvertible {
  /// The input ends inside a value.
  case truncated
  /// A string whose declared length exceeds the remaining input.
  case stringPastEnd(length: Int)
  /// A byte that cannot begin or continue a value.
  case unexpectedByte(UInt8)
  /// A number without digits.
  case missingDigits
  /// A number such as `007`.
  case leadingZero
  /// The number `-0`.
  case minusZero
  /// A number that needs more than 64 bits.
  case overflow
  /// A dictionary key that is not a string.
  case keyNotString
  /// A dictionary that ends after a key.
  case missingValue
  /// A key that occurs twice in its dictionary.
  case duplicateKey([UInt8])
  /// Bytes other than white space after the top-level value.
  case trailingBytes
  /// Nesting beyond the limit.
  case tooDeep(limit: Int)
  /// More values and keys than the limit allows.
  case tooManyTokens(limit: Int)
  /// More bytes than a document may have.
  case tooLong

  /// The defect as a noun phrase.
  public var description: String {
    switch self {
    case .truncated: "unexpected end of data"
    case .stringPastEnd(let length): "a string of \(length) bytes that runs past the end"
    case .unexpectedByte(let byte):
      byte > 0x20 && byte < 0x7F
        ? "unexpected character '\(Character(Unicode.Scalar(byte)))'"
        : "unexpected byte 0x\(String(byte, radix: 16))"
    case .missingDigits: "a number without digits"
    case .leadingZero: "a number with a leading zero"
    case .minusZero: "the number -0"
    case .overflow: "a number that is too large"
    case .keyNotString: "a dictionary key that is not a string"
    case .missingValue: "a dictionary key without a value"
    case .duplicateKey(let key): "the duplicate key \"\(BencodePath.describe(key))\""
    case .trailingBytes: "bytes after the end of the data"
    case .tooDeep(let limit): "nesting deeper than \(limit) levels"
    case .tooManyTokens(let limit): "more than \(limit) values"
    case .tooLong: "more than 2 GiB of data"
    }
  }
}

/// A tolerated departure from canonical bencoding that occurs in real software.
public enum BencodeWarning: Hashable, Sendable, CustomStringConvertible {
  /// The keys of a dictionary are not sorted by their bytes.
  case unsortedKeys(offset: Int, path: BencodePath)
  /// White space follows the top-level value.
  case trailingWhiteSpace(offset: Int)
  /// White space or a byte order mark stands before the outermost value.
  case leadingBytes(count: Int)
  /// Something other than white space follows the outermost value.
  case trailingBytes(offset: Int, count: Int)
  /// A dictionary has a key again; the first value counts.
  case duplicateKey([UInt8], offset: Int)
  /// A number is not in its canonical form, and may not be readable at all.
  case misspeltNumber(BencodeDefect, offset: Int, path: BencodePath, isRead: Bool)

  /// A one-clause description of the departure and its location.
  public var description: String {
    switch self {
    case .unsortedKeys(let offset, let path):
      "the keys of the dictionary at byte \(offset) (\(path)) are not sorted"
    case .trailingWhiteSpace(let offset): "white space after the data, at byte \(offset)"
    case .leadingBytes(let count):
      "\(count == 1 ? "1 byte" : "\(count) bytes") before the data: white space or a byte order mark"
    case .trailingBytes(let offset, let count):
      "\(count == 1 ? "1 byte" : "\(count) bytes") after the end of the data, at byte \(offset)"
    case .duplicateKey(let key, let offset):
      "the key \"\(BencodePath.describe(key))\" once more at byte \(offset), where it was ignored"
    case .misspeltNumber(let defect, let offset, let path, let isRead):
      "\(BencodeError.malformed(defect, offset: offset, path: path))"
        + (isRead ? "" : "; it was ignored")
    }
  }
}
