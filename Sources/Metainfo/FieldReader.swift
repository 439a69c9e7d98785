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
}
