/// One value of a parsed document: its location and that of the value after it.
///
/// Offsets take 32 bits, which halves the memory for torrents with many files.
struct BencodeToken: Sendable {
  enum Kind: UInt8, Sendable {
    case integer, string, list, dictionary
    /// A number that cannot be read, of which only a tolerant parse makes a token.
    case unreadable
  }

  /// The offset of the value's first byte.
  var start: UInt32
  /// The offset after the value's last byte.
  var end: UInt32
  /// The index of the token after this value and everything in it.
  var next: UInt32
  var kind: Kind
  /// The number of bytes of a string's length prefix, including the colon.
  var headerLength: UInt8 = 0
  /// The number itself, or a container's number of entries.
  var payload: Int64 = 0
  /// The index of a dictionary's first entry in `BencodeTape.sortedKeys`.
  var firstKey: UInt32 = 0
}

/// A parsed document: the input and one token per value, in input order.
///
/// A dictionary entry takes two consecutive tokens, for the key and the value. A `BencodeValue` is
/// a position on the tape, so parsing allocates no memory per value.
final class BencodeTape: Sendable {
  let bytes: [UInt8]
  let tokens: [BencodeToken]
  /// The tokens of each dictionary's keys, in byte order of the keys.
  let sortedKeys: [UInt32]

  init(bytes: [UInt8], tokens: [BencodeToken], sortedKeys: [UInt32]) {
    self.bytes = bytes
    self.tokens = tokens
    self.sortedKeys = sortedKeys
  }

  func range(_ index: Int) -> Range<Int> {
    Int(tokens[index].start)..<Int(tokens[index].end)
  }

  /// Returns the bytes of a string without its length prefix.
  func string(_ index: Int) -> ArraySlice<UInt8> {
    let token = tokens[index]
    return bytes[Int(token.start) + Int(token.headerLength)..<Int(token.end)]
  }

  /// Finds the value of a dictionary's key by binary search: the first one if several keys are
  /// equal.
  func value(of key: some Collection<UInt8>, in dictionary: Int) -> Int? {
    let first = Int(tokens[dictionary].firstKey)
    let end = first + Int(tokens[dictionary].payload)
    var (low, high) = (first, end)
    while low < high {
      let middle = low + (high - low) / 2
      if string(Int(sortedKeys[middle])).lexicographicallyPrecedes(key) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < end, case let token = Int(sortedKeys[low]), string(token).elementsEqual(key) else {
      return nil
    }
    return token + 1
  }
}
