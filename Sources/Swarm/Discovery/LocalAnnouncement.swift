package import Primitives

/// A client's message to its local network: the port on which it listens, and its torrents
/// (BEP 14).
package struct LocalAnnouncement: Sendable, Equatable {
  /// The longest text, in bytes.
  package static let maximumLength = 1400
  /// The longest cookie that is kept, in bytes.
  package static let maximumCookieLength = 64

  /// The multicast group, as the text names it.
  package var host: String
  /// The port on which the client listens for peers.
  package var port: UInt16
  /// The torrents, each once.
  package var infoHashes: [InfoHash]
  /// The mark by which the sender knows its own announcements.
  package var cookie: String?

  /// Creates an announcement.
  package init(host: String, port: UInt16, infoHashes: [InfoHash], cookie: String?) {
    self.host = host
    self.port = port
    self.infoHashes = infoHashes
    self.cookie = cookie
  }

  // MARK: - Writing

  private var begin: String {
    "BT-SEARCH * HTTP/1.1\r\nHost: \(host)\r\nPort: \(port)\r\n"
  }

  private var end: String { (cookie.map { "cookie: \($0)\r\n" } ?? "") + "\r\n\r\n" }

  private static func line(_ infoHash: InfoHash) -> String {
    "Infohash: \(Hex.encode(infoHash.wireBytes))\r\n"
  }

  /// The number of torrents for which the text has room.
  package var capacity: Int {
    let lineLength = "Infohash: \r\n".utf8.count + 2 * InfoHash.wireLength
    return max(0, Self.maximumLength - begin.utf8.count - end.utf8.count) / lineLength
  }

  /// The text; torrents for which there is no room are left out.
  package var text: [UInt8] {
    Array((begin + infoHashes.prefix(capacity).map(Self.line).joined() + end).utf8)
  }

  // MARK: - Reading

  /// Reads an announcement; nil for anything else.
  ///
  /// Unknown header fields are ignored, names of fields are compared without their case, and a hash
  /// that is none is left out as long as there is another.
  package init?(parsing text: [UInt8]) {
    guard text.count <= Self.maximumLength else { return nil }
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
      .map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }
    guard let first = lines.first, first.uppercased().hasPrefix("BT-SEARCH * HTTP/1.") else {
      return nil
    }
    var host = ""
    var port: UInt16?
    var infoHashes: [InfoHash] = []
    var cookie: String?
    for line in lines.dropFirst() {
      guard !line.isEmpty else { break }
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = Self.trimmed(line[line.index(after: colon)...])
      switch line[..<colon].lowercased() {
      case "host": host = value
      case "port": port = UInt16(value)
      case "infohash":
        guard value.utf8.count == 2 * InfoHash.wireLength, let infoHash = InfoHash(hex: value),
          !infoHashes.contains(infoHash)
        else { continue }
        infoHashes.append(infoHash)
      case "cookie" where value.utf8.count <= Self.maximumCookieLength: cookie = value
      default: continue
      }
    }
    guard let port, port != 0, !infoHashes.isEmpty else { return nil }
    self.init(host: host, port: port, infoHashes: infoHashes, cookie: cookie)
  }

  private static func trimmed(_ text: Substring) -> String {
    let text = text.drop { $0 == " " || $0 == "\t" }
    return String(text.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
