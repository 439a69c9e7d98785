internal import Primitives

/// The parts of an announce URL that decisions depend on.
///
/// Where a tracker is, is read off the literal text of its host; a name is never looked up for it.
package struct TrackerURL: Hashable, Sendable {
  /// The longest URL accepted, in bytes.
  package static let maximumLength = 2048

  /// The URL as given, without its fragment.
  package let text: String
  /// In lower case.
  package let scheme: String
  /// In lower case, without brackets, port and credentials.
  package let host: String
  /// As written; nil without one.
  package let port: UInt16?
  private let authorityEnd: Int

  /// Reads a URL with a scheme and a host, and for UDP a port.
  ///
  /// - Parameter text: The URL.
  /// - Throws: `.badURL` for anything else.
  package init(_ text: String) throws(TrackerError) {
    let text = String(text.prefix { $0 != "#" && $0 != "\0" })
    guard text.utf8.count <= Self.maximumLength, let mark = text.firstIndex(of: ":"),
      text[mark...].hasPrefix("://"), mark != text.startIndex
    else { throw .badURL(String(text.prefix(80))) }
    scheme = text[..<mark].lowercased()
    let start = text.index(mark, offsetBy: 3)
    let end = text[start...].firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
    let hostAndPort = text[start..<end].split(
      separator: "@", omittingEmptySubsequences: false
    ).last
    let host = Self.hostPart(of: String(hostAndPort ?? ""))
    port = Self.port(of: String(hostAndPort ?? ""))
    guard !host.isEmpty, scheme != "udp" || (port ?? 0) != 0 else {
      throw .badURL(String(text.prefix(80)))
    }
    self.host = host.lowercased()
    self.text = text
    authorityEnd = text.utf8.distance(from: text.startIndex, to: end)
  }

  private static func hostPart(of text: String) -> String {
    if text.hasPrefix("["), let bracket = text.firstIndex(of: "]") {
      return String(text[text.index(after: text.startIndex)..<bracket])
    }
    return String(text.prefix { $0 != ":" })
  }

  private static func port(of text: String) -> UInt16? {
    let rest = text.hasPrefix("[") ? text.drop { $0 != "]" } : text[...]
    guard let colon = rest.firstIndex(of: ":") else { return nil }
    let digits = rest[rest.index(after: colon)...]
    return digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(digits) : nil
  }

  /// Whether it is asked over UDP.
  package var isUDP: Bool { scheme == "udp" }

  /// Path and query as bytes; empty when there is no more than a slash.
  package var target: [UInt8] {
    let target = Array(text.utf8.dropFirst(authorityEnd))
    return target == Array("/".utf8) ? [] : target
  }

  /// Whether the tracker is on this machine or in a private network, by its host's literal text.
  package var isLocal: Bool {
    if host == "localhost" || host.hasSuffix(".localhost") { return true }
    guard let address = IPAddress(host) else { return false }
    return address.isLoopback || address.isPrivate
  }

  /// The URL with more query items.
  package func appending(query: String) -> String {
    let separator =
      if !text.contains("?") { "?" } else if text.hasSuffix("?") || text.hasSuffix("&") { "" } else
      {
        "&"
      }
    let path = authorityEnd == text.utf8.count ? "/" : ""
    return text + path + separator + query
  }

  /// The URL for people: without credentials, without the query, and without long path segments,
  /// which are passkeys.
  package var display: String {
    let start = text.index(text.startIndex, offsetBy: scheme.count + 3)
    let end = text.utf8.index(text.startIndex, offsetBy: authorityEnd)
    let authority = text[start..<end].split(separator: "@", omittingEmptySubsequences: false).last
    let path = text[end...].prefix { $0 != "?" }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
      $0.utf8.count >= 20 ? "…" : String($0)
    }
    return Printable.text(
      "\(scheme)://\(authority ?? "")\(segments.joined(separator: "/"))".utf8, limit: 200)
  }

  /// The scrape URL: the last path segment `announce…` becomes `scrape…` (BEP 48); nil when it
  /// does not begin with that word.
  package var scrape: TrackerURL? {
    let end = text.utf8.index(text.startIndex, offsetBy: authorityEnd)
    let query = text[end...].firstIndex(of: "?") ?? text.endIndex
    guard let slash = text[end..<query].lastIndex(of: "/") else { return nil }
    let segment = text[text.index(after: slash)...]
    guard segment.hasPrefix("announce") else { return nil }
    // A URL made of a valid one stays valid, but only the initialiser can say so.
    return try? TrackerURL(text[...slash] + "scrape" + segment.dropFirst("announce".count))
  }
}
