/// One value of a parsed document: where it is and what follows it.
///
/// Offsets take 32 bits, which halves the memory of torrents with many files.
struct BencodeToken: Sendable {
  enum Kind: UInt8, Sendable {
    case integer, string, list, dictionary
  }

  /// The first byte of the value's source.
  var start: UInt32
  /// One past the last byte of the value's source.
  var end: UInt32
  /// The token after this value and all that it contains.
  var next: UInt32
  var kind: Kind
  /// For a string the bytes of its length and colon.
  var headerLength: UInt8 = 0
  /// The number itself, or the number of a container's entries.
  var payload: Int64 = 0
  /// For a dictionary where its entries begin in `BencodeTape.sortedKeys`.
  var firstKey: UInt32 = 0
}

/// A parsed document: the source and one token a value, in the order of the source.
///
/// A dictionary's entry is two tokens in a row, the key's and the value's. The values that readers
/// hold are positions on the tape, so parsing allocates nothing a value.
final class BencodeTape: Sendable {
  let bytes: [UInt8]
  let tokens: [BencodeToken]
  /// For each dictionary the tokens of its keys, in the order of the keys' bytes.
  let sortedKeys: [UInt32]

  init(bytes: [UInt8], tokens: [BencodeToken], sortedKeys: [UInt32]) {
    self.bytes = bytes
    self.tokens = tokens
    self.sortedKeys = sortedKeys
  }

  func range(_ index: Int) -> Range<Int> {
    Int(tokens[index].start)..<Int(tokens[index].end)
  }

  /// The bytes of a string, without its length.
  func string(_ index: Int) -> ArraySlice<UInt8> {
    let token = tokens[index]
    return bytes[Int(token.start) + Int(token.headerLength)..<Int(token.end)]
  }

  /// The value of a dictionary's key, by binary search.
  func value(of key: some Collection<UInt8>, in dictionary: Int) -> Int? {
    var low = Int(tokens[dictionary].firstKey)
    var high = low + Int(tokens[dictionary].payload)
    while low < high {
      let middle = low + (high - low) / 2
      let token = Int(sortedKeys[middle])
      let candidate = string(token)
      if candidate.lexicographicallyPrecedes(key) {
        low = middle + 1
      } else if candidate.elementsEqual(key) {
        return token + 1
      } else {
        high = middle
      }
    }
    return nil
  }
}
