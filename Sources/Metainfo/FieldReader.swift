import Bencode

/// A reader of typed fields of one dictionary of a torrent, which names the field in every error.
struct FieldReader {
  let dictionary: BencodeDictionary
  /// The path to the dictionary, such as `info.files[3]`; empty for the top level.
  let path: String

  /// Returns the name of a field, for messages.
  func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Returns a required field of any type.
  func value(_ key: String) throws(MetainfoError) -> BencodeValue {
    guard let value = dictionary[key] else { throw .missing(field: name(key)) }
    return value
  }

  /// Returns a required integer.
  func integer(_ key: String) throws(MetainfoError) -> Int64 {
    guard let integer = try value(key).integer else {
      throw .wrongType(field: name(key), expected: "an integer")
    }
    return integer
  }

  /// Returns a required string.
  func bytes(_ key: String) throws(MetainfoError) -> ArraySlice<UInt8> {
    guard let bytes = try value(key).bytes else {
      throw .wrongType(field: name(key), expected: "a string")
    }
    return bytes
  }

  /// Returns a required dictionary.
  func dictionary(_ key: String) throws(MetainfoError) -> BencodeDictionary {
    guard let dictionary = try value(key).dictionary else {
      throw .wrongType(field: name(key), expected: "a dictionary")
    }
    return dictionary
  }
}
