// Each container's one generic `encode` stands for all the overloads that its protocol asks for.

/// The entries of a dictionary, for Codable.
struct KeyedValueWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let box: EncodingBox
  let codingPath: [any CodingKey]

  /// There is no null in bencoding: the key is left out.
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

/// The elements of a list, for Codable.
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

/// One value, for Codable.
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
