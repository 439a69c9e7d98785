import Bencode

/// Reads the fields beside `info`, all of which can be done without: a bad one is ignored with a
/// warning.
struct AnnounceReader {
  let dictionary: BencodeDictionary
  let limits: MetainfoLimits
  var warnings: [MetainfoWarning]

  private mutating func ignore(_ field: String) {
    if warnings.count < limits.warnings { warnings.append(.ignored(field: field)) }
  }

  /// The trackers by tier (BEP 12), each only once.
  mutating func readTrackers() -> [[String]] {
    var seen: Set<String> = []
    var tiers: [[String]] = []
    if let value = dictionary["announce-list"] {
      if let list = value.list {
        for (number, tier) in list.enumerated() {
          let field = "announce-list[\(number)]"
          let urls = readURLs(tier, field: field).filter { seen.insert($0).inserted }
          if !urls.isEmpty { tiers.append(urls) }
        }
      } else {
        ignore("announce-list")
      }
    }
    guard tiers.isEmpty, let announce = dictionary["announce"] else { return tiers }
    guard announce.list == nil, let url = readURLs(announce, field: "announce").first else {
      return []
    }
    return [[url]]
  }

  /// The web seeds: a string, or a list of them (BEP 19).
  mutating func readWebSeeds() -> [String] {
    var seen: Set<String> = []
    return dictionary["url-list"].map { value in
      readURLs(value, field: "url-list").filter { seen.insert($0).inserted }
    } ?? []
  }

  /// The DHT nodes: pairs of host and port (BEP 5).
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
        let port = pair[1].integer.flatMap(UInt16.init(exactly:)), port != 0
      else {
        ignore("nodes[\(number)]")
        continue
      }
      nodes.append(TorrentMetainfo.Node(host: host, port: port))
    }
    return nodes
  }

  /// Seconds since 1970.
  mutating func readCreationDate() -> Int64? {
    guard let value = dictionary["creation date"] else { return nil }
    if let date = value.integer, date >= 0 { return date }
    ignore("creation date")
    return nil
  }

  /// Text for people; the form that says it is UTF-8 comes first.
  mutating func readText(_ key: String) -> String? {
    if let bytes = dictionary["\(key).utf-8"]?.bytes { return DisplayText.decode(bytes) }
    guard let value = dictionary[key] else { return nil }
    if let bytes = value.bytes { return DisplayText.decode(bytes) }
    ignore(key)
    return nil
  }

  /// The URLs in a string or a list of strings; an empty string is none.
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

  /// A URL or host without surrounding white space; nil unless it is printable text.
  static func cleanURL(_ bytes: ArraySlice<UInt8>) -> String? {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    guard !bytes.isEmpty, bytes.count <= 4096,
      let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy(DisplayText.isPrintable)
    else { return nil }
    return text
  }
}
