import Bencode

/// Takes typed fields from one dictionary of a torrent and names the field in every error.
struct FieldReader {
  let dictionary: BencodeDictionary
  /// What leads to the dictionary, such as `info.files[3]`; empty for the outermost one.
  let path: String

  /// How messages name a field.
  func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// A field that must be there, of any type.
  func value(_ key: String) throws(MetainfoError) -> BencodeValue {
    guard let value = dictionary[key] else { throw .missing(field: name(key)) }
    return value
  }

  /// A number that must be there.
  func integer(_ key: String) throws(MetainfoError) -> Int64 {
    guard let integer = try value(key).integer else {
      throw .wrongType(field: name(key), expected: "an integer")
    }
    return integer
  }

  /// A length in bytes that must be there and not be negative.
  func length(_ key: String) throws(MetainfoError) -> Int64 {
    let length = try integer(key)
    guard length >= 0 else { throw .negativeLength(field: name(key)) }
    return length
  }

  /// A string that must be there.
  func bytes(_ key: String) throws(MetainfoError) -> ArraySlice<UInt8> {
    guard let bytes = try value(key).bytes else {
      throw .wrongType(field: name(key), expected: "a string")
    }
    return bytes
  }

  /// A dictionary that must be there.
  func dictionary(_ key: String) throws(MetainfoError) -> BencodeDictionary {
    guard let dictionary = try value(key).dictionary else {
      throw .wrongType(field: name(key), expected: "a dictionary")
    }
    return dictionary
  }

  /// A list of strings that must be there and have elements.
  func path(_ key: String, limit: Int) throws(MetainfoError) -> [ArraySlice<UInt8>] {
    guard let list = try value(key).list else {
      throw .wrongType(field: name(key), expected: "a list")
    }
    guard !list.isEmpty else { throw .emptyPath(field: name(key)) }
    guard list.count - 1 <= limit else { throw .pathTooDeep(field: name(key), limit: limit) }
    var components: [ArraySlice<UInt8>] = []
    for element in list {
      guard let bytes = element.bytes else {
        throw .wrongType(field: name(key), expected: "a list of strings")
      }
      components.append(bytes)
    }
    return components
  }
}
