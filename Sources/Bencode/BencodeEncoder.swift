/// An encoder from Codable types to canonical bencoded data, whose keys are sorted by their bytes.
///
/// The mapping is that of `BencodeDecoder`. A property that is nil is left out. Nil anywhere else
/// and floating-point numbers are errors.
public struct BencodeEncoder: Sendable {
  /// Creates an encoder.
  public init() {}

  /// Encodes a value.
  public func encode(_ value: some Encodable) throws(BencodeError) -> [UInt8] {
    try tree(of: value).encodedBytes
  }

  /// Encodes a value as a tree, to which more values can be added.
  public func tree(of value: some Encodable) throws(BencodeError) -> BencodeTree {
    let box = EncodingBox()
    do {
      try ValueEncoder(box: box, codingPath: []).encode(value)
    } catch let error as BencodeError {
      throw error
    } catch EncodingError.invalidValue(_, let context) {
      throw .invalidValue(context.debugDescription, path: BencodePath(context.codingPath))
    } catch {
      throw .invalidValue("\(error)", path: BencodePath())
    }
    guard let tree = box.tree else {
      throw .invalidValue("there is nothing to encode", path: BencodePath())
    }
    return tree
  }
}

/// A value under construction, shared by its containers.
final class EncodingBox {
  enum Content {
    case nothing
    case leaf(BencodeTree)
    case list([EncodingBox])
    case dictionary([BencodeBytes: EncodingBox])
  }

  var content: Content

  init(_ content: Content = .nothing) {
    self.content = content
  }

  /// The finished value, or nil if nothing was encoded.
  var tree: BencodeTree? {
    switch content {
    case .nothing: nil
    case .leaf(let tree): tree
    case .list(let boxes): .list(boxes.compactMap(\.tree))
    case .dictionary(let boxes): .dictionary(boxes.compactMapValues(\.tree))
    }
  }

  /// Returns the box of a key, turning this value into a dictionary if necessary.
  func box(for key: String) -> EncodingBox {
    let box = EncodingBox()
    becomeDictionary()
    if case .dictionary(var boxes) = content {
      content = .nothing
      boxes[BencodeBytes(key)] = box
      content = .dictionary(boxes)
    }
    return box
  }

  func becomeDictionary() {
    if case .dictionary = content { return }
    content = .dictionary([:])
  }

  /// Returns the box of a new element, turning this value into a list if necessary.
  func nextBox() -> EncodingBox {
    let box = EncodingBox()
    becomeList()
    if case .list(var boxes) = content {
      content = .nothing
      boxes.append(box)
      content = .list(boxes)
    }
    return box
  }

  func becomeList() {
    if case .list = content { return }
    content = .list([])
  }

  var count: Int {
    if case .list(let boxes) = content { boxes.count } else { 0 }
  }
}

/// An encoder for one value of any type.
struct ValueEncoder: Encoder {
  let box: EncodingBox
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func encode(_ value: some Encodable) throws {
    switch value {
    case let bytes as BencodeBytes: box.content = .leaf(.string(bytes))
    case let text as String: box.content = .leaf(.string(BencodeBytes(text)))
    case let flag as Bool: box.content = .leaf(.integer(flag ? 1 : 0))
    case let number as any FixedWidthInteger:
      guard let integer = Int64(exactly: number) else {
        throw BencodeError.invalidValue("\(number) needs more than 64 bits", path: path)
      }
      box.content = .leaf(.integer(integer))
    case is any BinaryFloatingPoint:
      throw BencodeError.invalidValue("bencoding has no floating-point numbers", path: path)
    default:
      try value.encode(to: self)
    }
  }

  private var path: BencodePath { BencodePath(codingPath) }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    box.becomeDictionary()
    return KeyedEncodingContainer(KeyedValueWriter<Key>(box: box, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    box.becomeList()
    return ListWriter(box: box, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleValueWriter(encoder: self)
  }
}
