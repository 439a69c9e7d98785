import Primitives

/// A reader of the parameters of a magnet link.
struct MagnetReader {
  private var infoHash: InfoHash?
  private var hasVersionTwo = false
  private var name: String?
  private var length: Int64?
  private var trackers: [String] = []
  private var webSeeds: [String] = []
  private var peers: [MagnetLink.PeerAddress] = []
  private var selection: [ClosedRange<Int>] = []

  /// Reads a parameter.
  mutating func read(_ parameter: MagnetText.Parameter) throws(MagnetError) {
    let value = parameter.value
    switch parameter.key {
    case "xt": try readTopic(try Self.plainText(value, of: "xt"))
    case "so": try readSelection(try Self.plainText(value, of: "so"))
    case "dn":
      let bytes = PercentEncoding.decodeTolerantly(value.replacing("+", with: "%20"))
      let text = DisplayText.decode(bytes.prefix(1024)).replacing("\n", with: " ")
      if !text.isEmpty, name == nil { name = text }
    case "xl":
      if let size = Int64(Self.withoutFragment(value)), size > 0 { length = size }
    case "tr": Self.add(Self.url(value), to: &trackers)
    case "ws": Self.add(Self.url(value), to: &webSeeds)
    case "x.pe":
      Self.add(PercentEncoding.decode(Self.withoutFragment(value)).flatMap(Self.peer), to: &peers)
    default: break  // links carry parameters of other networks as well
    }
  }

  /// Returns the value of a parameter that must be valid, without a fragment.
  private static func plainText(
    _ value: String, of key: String
  ) throws(MagnetError) -> String {
    guard let bytes = PercentEncoding.decode(withoutFragment(value)) else {
      throw .badEscape(parameter: key)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func withoutFragment(_ value: String) -> Substring { value.prefix { $0 != "#" } }

  /// Returns a URL, which has a scheme and may contain invalid escapes; nil for other text.
  private static func url(_ value: String) -> String? {
    AnnounceReader.cleanURL(PercentEncoding.decodeTolerantly(value)[...])
      .flatMap { $0.contains("://") ? $0 : nil }
  }

  private static func add<Element: Equatable>(_ element: Element?, to list: inout [Element]) {
    guard let element, list.count < MagnetLink.listLimit, !list.contains(element) else { return }
    list.append(element)
  }

  private static func peer(_ bytes: [UInt8]) -> MagnetLink.PeerAddress? {
    guard bytes.count <= 300,
      let (host, port) = Endpoint.splitHostAndPort(String(decoding: bytes, as: UTF8.self)),
      port != 0, IPAddress(host) != nil || HostName.isPlausible(host)
    else { return nil }
    return MagnetLink.PeerAddress(host: host, port: port)
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

  /// Parses 40 hexadecimal or 32 base32 digits.
  static func readHash(_ text: String) throws(MagnetError) -> InfoHash {
    let bytes = text.utf8.count == 32 ? Base32.decode(text) : Hex.decode(text)
    if bytes?.count == InfoHash.version2Length { throw .versionTwoOnly }
    guard let bytes, bytes.count == InfoHash.wireLength, let hash = InfoHash(bytes) else {
      throw .badHash(DisplayText.decode(text.utf8.prefix(100)))
    }
    return hash
  }

  /// Returns the link after all parameters have been read.
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
