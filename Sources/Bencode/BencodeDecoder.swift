/// A decoder from bencoded data to Codable types.
///
/// Integers must fit their type, and a `String` must be valid UTF-8. `BencodeBytes` takes any
/// string without copying it, and a `Bool` is the number 0 or 1. Bencode has neither floating-point
/// numbers nor null, so an optional property is one whose key may be missing. Unknown keys are
/// ignored.
public struct BencodeDecoder: Sendable {
  /// The limits on the input.
  public var limits: BencodeLimits

  /// Creates a decoder.
  public init(limits: BencodeLimits = .default) {
    self.limits = limits
  }

  /// Decodes input that holds exactly one value of the given type.
  public func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
  ) throws(BencodeError) -> Value {
    try decode(type, from: BencodeParser.parse(bytes, limits: limits).root)
  }

  /// Decodes a value that is already parsed.
  public func decode<Value: Decodable>(
    _ type: Value.Type, from value: BencodeValue
  ) throws(BencodeError) -> Value {
    do {
      return try ValueDecoder(value: value, codingPath: []).decode(type)
    } catch let error as BencodeError {
      throw error
    } catch let error as DecodingError {
      throw BencodeError(error)
    } catch {
      throw .invalidValue("\(error)", path: BencodePath())
    }
  }
}

/// A decoder for one value of any type.
struct ValueDecoder: Decoder {
  let value: BencodeValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// The path of the value, for errors.
  var path: BencodePath { BencodePath(codingPath) }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let result: Any
    if type == BencodeBytes.self {
      guard let bytes = value.bytes else { throw mismatch("a string") }
      result = BencodeBytes(bytes)
    } else if type == String.self {
      guard value.bytes != nil else { throw mismatch("a string") }
      guard let text = value.text else {
        throw BencodeError.invalidValue("the string is not valid UTF-8", path: path)
      }
      result = text
    } else if type == Bool.self {
      guard let number = value.integer else { throw mismatch("an integer") }
      guard number == 0 || number == 1 else {
        throw BencodeError.invalidValue("\(number) is neither 0 nor 1", path: path)
      }
      result = number == 1
    } else if let integerType = type as? any FixedWidthInteger.Type {
      result = try decodeInteger(integerType)
    } else if type is any BinaryFloatingPoint.Type {
      throw BencodeError.invalidValue("bencoding has no floating-point numbers", path: path)
    } else {
      return try type.init(from: self)
    }
    guard let result = result as? Value else { throw mismatch("\(type)") }
    return result
  }

  private func decodeInteger<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
    guard let integer = value.integer else { throw mismatch("an integer") }
    guard let number = Number(exactly: integer) else {
      throw BencodeError.invalidValue("\(integer) does not fit \(type)", path: path)
    }
    return number
  }

  private func mismatch(_ expected: String) -> BencodeError {
    .typeMismatch(expected: expected, path: path)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let dictionary = value.dictionary else { throw mismatch("a dictionary") }
    return KeyedDecodingContainer(
      KeyedValueReader<Key>(dictionary: dictionary, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let list = value.list else { throw mismatch("a list") }
    return ListReader(list: list, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    SingleValueReader(decoder: self)
  }
}

/// A list position as a coding key.
struct IndexKey: CodingKey {
  let index: Int

  init(_ index: Int) {
    self.index = index
  }

  init?(intValue: Int) {
    index = intValue
  }

  init?(stringValue: String) {
    guard let index = Int(stringValue) else { return nil }
    self.index = index
  }

  var intValue: Int? { index }
  var stringValue: String { String(index) }
}

extension BencodePath {
  /// Converts a coding path.
  init(_ codingPath: [any CodingKey]) {
    self.init(
      codingPath.map { key in
        if let index = key as? IndexKey { return .index(index.index) }
        return .key(Array(key.stringValue.utf8))
      })
  }
}

extension BencodeError {
  /// Converts the standard library's error, which a hand-written `init(from:)` may throw.
  init(_ error: DecodingError) {
    switch error {
    case .typeMismatch(let type, let context):
      self = .typeMismatch(expected: "\(type)", path: BencodePath(context.codingPath))
    case .valueNotFound(_, let context), .dataCorrupted(let context):
      self = .invalidValue(context.debugDescription, path: BencodePath(context.codingPath))
    case .keyNotFound(let key, let context):
      self = .missingKey(key.stringValue, path: BencodePath(context.codingPath))
    @unknown default:
      self = .invalidValue("\(error)", path: BencodePath())
    }
  }
}
