// The generic `encode` of each container satisfies all overloads that its protocol requires.

/// A keyed encoding container for a dictionary.
struct KeyedValueWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let box: EncodingBox
  let codingPath: [any CodingKey]

  /// Leaves out the key, because bencode has no null.
  func encodeNil(forKey key: Key) {}

  func encode(_ value: some Encodable, forKey key: Key) throws {
    try encoder(for: key).encode(value)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    encoder(for: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder(for: key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder {
    ValueEncoder(box: box.box(for: "super"), codingPath: codingPath)
  }

  func superEncoder(forKey key: Key) -> any Encoder { encoder(for: key) }

  private func encoder(for key: Key) -> ValueEncoder {
    ValueEncoder(box: box.box(for: key.stringValue), codingPath: codingPath + [key])
  }
}

/// An unkeyed encoding container for a list.
struct ListWriter: UnkeyedEncodingContainer {
  let box: EncodingBox
  let codingPath: [any CodingKey]

  var count: Int { box.count }

  func encodeNil() throws {
    throw BencodeError.invalidValue(
      "bencoding has no null", path: BencodePath(codingPath + [IndexKey(count)]))
  }

  func encode(_ value: some Encodable) throws {
    try nextEncoder().encode(value)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> {
    nextEncoder().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    nextEncoder().unkeyedContainer()
  }

  func superEncoder() -> any Encoder { nextEncoder() }

  private func nextEncoder() -> ValueEncoder {
    let path = codingPath + [IndexKey(count)]
    return ValueEncoder(box: box.nextBox(), codingPath: path)
  }
}

/// An encoding container for a single value.
struct SingleValueWriter: SingleValueEncodingContainer {
  let encoder: ValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil() throws {
    throw BencodeError.invalidValue("bencoding has no null", path: BencodePath(codingPath))
  }

  func encode(_ value: some Encodable) throws {
    try encoder.encode(value)
  }
}
