import Primitives

/// Reads the parameters of a magnet link one after the other.
struct MagnetReader {
  private var infoHash: InfoHash?
  private var hasVersionTwo = false
  private var name: String?
  private var length: Int64?
  private var trackers: [String] = []
  private var webSeeds: [String] = []
  private var peers: [MagnetLink.PeerAddress] = []
  private var selection: [ClosedRange<Int>] = []

  /// Takes `key=value`; keys may carry a number (`tr.1`), and may come from a page where `&` was
  /// written as `&amp;`.
  mutating func read(_ parameter: Substring) throws(MagnetError) {
    let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return }
    var key = parts[0].lowercased()
    if key.hasPrefix("amp;") { key.removeFirst(4) }
    if let dot = key.lastIndex(of: "."), Int(key[key.index(after: dot)...]) != nil {
      key.removeSubrange(dot...)
    }
    let raw = parts[1]
    let bytes = PercentEncoding.decode(key == "dn" ? raw.replacing("+", with: "%20") : raw)
    switch key {
    case "xt":
      guard let bytes else { throw .badEscape(parameter: key) }
      try readTopic(String(decoding: bytes, as: UTF8.self))
    case "so":
      guard let bytes else { throw .badEscape(parameter: key) }
      try readSelection(String(decoding: bytes, as: UTF8.self))
    default: readOptional(key, bytes ?? [])
    }
  }

  private mutating func readOptional(_ key: String, _ bytes: [UInt8]) {
    switch key {
    case "dn":
      let text = DisplayText.decode(bytes.prefix(1024)).replacing("\n", with: " ")
      if !text.isEmpty, name == nil { name = text }
    case "xl":
      if let size = Int64(String(decoding: bytes, as: UTF8.self)), size > 0 { length = size }
    case "tr": Self.add(AnnounceReader.cleanURL(bytes[...]), to: &trackers)
    case "ws": Self.add(AnnounceReader.cleanURL(bytes[...]), to: &webSeeds)
    case "x.pe": Self.add(Self.peer(bytes), to: &peers)
    default: break  // links carry parameters of other networks as well
    }
  }

  private static func add<Element: Equatable>(_ element: Element?, to list: inout [Element]) {
    guard let element, list.count < MagnetLink.listLimit, !list.contains(element) else { return }
    list.append(element)
  }

  private static func peer(_ bytes: [UInt8]) -> MagnetLink.PeerAddress? {
    guard bytes.count <= 300,
      let (host, port) = Endpoint.splitHostAndPort(String(decoding: bytes, as: UTF8.self)),
      port != 0, isHost(host)
    else { return nil }
    return MagnetLink.PeerAddress(host: host, port: port)
  }

  /// Whether it is an address, or made of what names of hosts are made of.
  private static func isHost(_ text: String) -> Bool {
    if IPAddress(text) != nil { return true }
    return !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }

  // MARK: - The torrent

  private mutating func readTopic(_ topic: String) throws(MagnetError) {
    let parts = topic.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].lowercased() == "urn" else { return }
    switch parts[1].lowercased() {
    case "btih":
      let hash = try Self.readHash(String(parts[2]))
      guard infoHash == nil || infoHash == hash else { throw .severalTorrents }
      infoHash = hash
    case "btmh": hasVersionTwo = true
    default: break  // the hash of another network
    }
  }

  /// Reads 40 hexadecimal or 32 base32 digits.
  static func readHash(_ text: String) throws(MagnetError) -> InfoHash {
    let bytes = text.utf8.count == 32 ? Base32.decode(text) : Hex.decode(text)
    if bytes?.count == InfoHash.version2Length { throw .versionTwoOnly }
    guard let bytes, bytes.count == InfoHash.wireLength, let hash = InfoHash(bytes) else {
      throw .badHash(DisplayText.decode(text.utf8.prefix(100)))
    }
    return hash
  }

  /// The link, once all parameters are read.
  func link() throws(MagnetError) -> MagnetLink {
    guard let infoHash else { throw hasVersionTwo ? .versionTwoOnly : .missingHash }
    var link = MagnetLink(infoHash: infoHash)
    link.name = name
    link.length = length
    link.trackers = trackers
    link.webSeeds = webSeeds
    link.peers = peers
    link.selectedFiles = selection.isEmpty ? nil : Self.merged(selection)
    return link
  }

  // MARK: - Files

  private mutating func readSelection(_ text: String) throws(MagnetError) {
    for part in text.split(separator: ",") {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard (1...2).contains(ends.count), let first = Self.index(ends[0]),
        let last = ends.count == 2 ? Self.index(ends[1]) : first, first <= last
      else { throw .badSelection(DisplayText.decode(text.utf8.prefix(100))) }
      selection.append(first...last)
    }
  }

  private static func index(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(text), number <= MagnetLink.fileLimit
    else { return nil }
    return number
  }

  private static func merged(_ ranges: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
    var result: [ClosedRange<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound + 1 {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
