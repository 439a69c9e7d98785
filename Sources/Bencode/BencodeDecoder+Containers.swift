// The generic `decode` of each container satisfies all overloads that its protocol requires.

/// A keyed decoding container over a dictionary.
struct KeyedValueReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let dictionary: BencodeDictionary
  let codingPath: [any CodingKey]

  /// The keys that are valid UTF-8 and that `Key` recognizes.
  var allKeys: [Key] {
    dictionary.compactMap { entry in
      String(validating: entry.key, as: UTF8.self).flatMap(Key.init(stringValue:))
    }
  }

  func contains(_ key: Key) -> Bool { dictionary[key.stringValue] != nil }

  func decodeNil(forKey key: Key) -> Bool { !contains(key) }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decoder(for: key).decode(type)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try decoder(for: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(for: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try decoder(forName: "super", key: nil) }

  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(for: key) }

  private func decoder(for key: Key) throws -> ValueDecoder {
    try decoder(forName: key.stringValue, key: key)
  }

  private func decoder(forName name: String, key: Key?) throws -> ValueDecoder {
    guard let value = dictionary[name] else {
      throw BencodeError.missingKey(name, path: BencodePath(codingPath))
    }
    return ValueDecoder(value: value, codingPath: codingPath + (key.map { [$0] } ?? []))
  }
}

/// An unkeyed decoding container over a list.
struct ListReader: UnkeyedDecodingContainer {
  let codingPath: [any CodingKey]
  private let total: Int
  private var iterator: BencodeList.Iterator
  private(set) var currentIndex = 0

  init(list: BencodeList, codingPath: [any CodingKey]) {
    self.codingPath = codingPath
    total = list.count
    iterator = list.makeIterator()
  }

  var count: Int? { total }

  var isAtEnd: Bool { currentIndex == total }

  mutating func decodeNil() -> Bool { false }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    // A failed attempt must not advance, so that another type can be tried.
    var ahead = iterator
    let result = try decoder(at: &ahead).decode(type)
    iterator = ahead
    currentIndex += 1
    return result
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try nextDecoder().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try nextDecoder().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try nextDecoder() }

  private mutating func nextDecoder() throws -> ValueDecoder {
    let decoder = try decoder(at: &iterator)
    currentIndex += 1
    return decoder
  }

  private func decoder(at iterator: inout BencodeList.Iterator) throws -> ValueDecoder {
    guard let value = iterator.next() else {
      throw BencodeError.invalidValue(
        "the list has only \(total) elements", path: BencodePath(codingPath))
    }
    return ValueDecoder(value: value, codingPath: codingPath + [IndexKey(currentIndex)])
  }
}

/// A decoding container for a single value.
struct SingleValueReader: SingleValueDecodingContainer {
  let decoder: ValueDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { false }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }
}
