import Bencode

/// The bencoded dictionary with which messages of extensions begin.
struct ExtensionDictionary {
  let fields: BencodeDictionary
  /// The bytes after the dictionary.
  let rest: ArraySlice<UInt8>

  /// Reads the dictionary; nil when there is none, or it is larger than any that makes sense.
  init?(_ payload: [UInt8]) {
    do {
      let limits = BencodeLimits(depth: 16, tokens: 4096, warnings: 0)
      let root = try BencodeParser.parsePrefix(
        payload, limits: limits, tolerance: .everywhere
      ).root
      guard let fields = root.dictionary else { return nil }
      self.fields = fields
      rest = payload[root.range.upperBound...]
    } catch {
      return nil
    }
  }
}
