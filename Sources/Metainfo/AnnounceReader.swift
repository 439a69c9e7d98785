import Bencode

/// A reader of the fields beside `info`, all of which are optional.
///
/// An unusable field is ignored with a warning.
struct AnnounceReader {
  let dictionary: BencodeDictionary
  let limits: MetainfoLimits
  var warnings: [MetainfoWarning]

  private mutating func ignore(_ field: String) {
    if warnings.count < limits.warnings { warnings.append(.ignored(field: field)) }
  }

  private mutating func read(oddForm field: String) {
    if warnings.count < limits.warnings { warnings.append(.oddForm(field: field)) }
  }

  /// Reads the trackers by tier (BEP 12), without duplicates.
  ///
  /// Deviations in form are accepted: a list where a URL should be, URLs where tiers should be, and
  /// a single URL instead of a list.
  mutating func readTrackers() -> [[String]] {
    var seen: Set<String> = []
    var tiers: [[String]] = []
    if let value = dictionary["announce-list"] {
      if value.list != nil || Self.isURL(value) {
        tiers = readTiers(value, field: "announce-list", &seen)
      } else {
        ignore("announce-list")
      }
    }
    guard tiers.isEmpty, let announce = dictionary["announce"] else { return tiers }
    guard announce.list == nil else {
      read(oddForm: "announce")
      return readTiers(announce, field: "announce", &seen)
    }
    return readURLs(announce, field: "announce").prefix(1).map { [$0] }
  }

  /// Reads a list of tiers; a URL among them is a tier of its own.
  private mutating func readTiers(
    _ value: BencodeValue, field: String, _ seen: inout Set<String>
  ) -> [[String]] {
    var tiers: [[String]] = []
    var isFlat = value.list == nil
    let elements: [BencodeValue] = value.list.map { Array($0) } ?? [value]
    for (number, tier) in elements.enumerated() {
      if let bytes = tier.bytes, !bytes.isEmpty { isFlat = true }
      let urls = readURLs(tier, field: "\(field)[\(number)]")
        .filter { seen.insert($0).inserted }
      if !urls.isEmpty { tiers.append(urls) }
    }
    if isFlat, field == "announce-list" { read(oddForm: field) }
    return tiers
  }

  private static func isURL(_ value: BencodeValue) -> Bool {
    value.bytes.flatMap(cleanURL)?.contains("://") ?? false
  }

  /// Reads the web seeds: a string or a list of strings (BEP 19).
  mutating func readWebSeeds() -> [String] {
    var seen: Set<String> = []
    return dictionary["url-list"].map { value in
      readURLs(value, field: "url-list").filter { seen.insert($0).inserted }
    } ?? []
  }

  /// Reads the DHT nodes: pairs of host and port (BEP 5), where the port may be text.
  mutating func readNodes() -> [TorrentMetainfo.Node] {
    guard let value = dictionary["nodes"] else { return [] }
    guard let list = value.list else {
      ignore("nodes")
      return []
    }
    var nodes: [TorrentMetainfo.Node] = []
    for (number, element) in list.enumerated() {
      let pair = element.list.map { Array($0.prefix(2)) } ?? []
      guard pair.count == 2, let host = pair[0].bytes.flatMap(Self.cleanURL),
        let port = Self.number(pair[1]).flatMap(UInt16.init(exactly:)), port != 0
      else {
        ignore("nodes[\(number)]")
        continue
      }
      nodes.append(TorrentMetainfo.Node(host: host, port: port))
    }
    return nodes
  }

  /// Reads the date in seconds since 1970; a number may be written as text.
  mutating func readCreationDate() -> Int64? {
    guard let value = dictionary["creation date"] else { return nil }
    guard let date = Self.number(value), date >= 0 else {
      ignore("creation date")
      return nil
    }
    if value.integer == nil { read(oddForm: "creation date") }
    return date
  }

  /// Returns a number, which may be text of at most 19 decimal digits.
  private static func number(_ value: BencodeValue) -> Int64? {
    if let number = value.integer { return number }
    guard let digits = value.bytes, (1...19).contains(digits.count),
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int64(String(decoding: digits, as: UTF8.self))
  }

  /// Reads a text for display, preferably from the field whose key ends in `.utf-8`.
  mutating func readText(_ key: String) -> String? {
    if let bytes = dictionary["\(key).utf-8"]?.bytes { return DisplayText.decode(bytes) }
    guard let value = dictionary[key] else { return nil }
    if let bytes = value.bytes { return DisplayText.decode(bytes) }
    ignore(key)
    return nil
  }

  /// Reads the URLs in a string or a list of strings, ignoring empty strings.
  private mutating func readURLs(_ value: BencodeValue, field: String) -> [String] {
    var urls: [String] = []
    for element in value.list.map(Array.init) ?? [value] {
      guard let bytes = element.bytes else {
        ignore(field)
        continue
      }
      guard !bytes.isEmpty else { continue }
      if let url = Self.cleanURL(bytes) { urls.append(url) } else { ignore(field) }
    }
    return urls
  }

  /// Returns a URL or host without surrounding white space and NULs; nil if it is not printable
  /// text.
  static func cleanURL(_ bytes: ArraySlice<UInt8>) -> String? {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0 || (0x09...0x0D).contains($0) }
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    guard !bytes.isEmpty, bytes.count <= 4096,
      let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy(DisplayText.isPrintable)
    else { return nil }
    return text
  }
}
