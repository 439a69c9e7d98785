internal import Primitives

/// An announce URL, split into the parts that decisions depend on.
///
/// A tracker counts as local by the literal text of its host; the name is not resolved.
package struct TrackerURL: Hashable, Sendable {
  /// The maximum length of a URL, in bytes.
  package static let maximumLength = 2048

  /// The URL as given, without its fragment.
  package let text: String
  /// The scheme in lower case.
  package let scheme: String
  /// The host in lower case, without brackets, port and credentials.
  package let host: String
  /// The port that the URL contains, if any.
  package let port: UInt16?
  private let authorityEnd: Int

  /// Parses a URL, which must have a scheme and a host, and for UDP also a port.
  ///
  /// - Parameter text: The URL.
  /// - Throws: `.badURL` if the text is not such a URL.
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

  /// A Boolean value indicating whether the URL's scheme is udp.
  package var isUDP: Bool { scheme == "udp" }

  /// The path and query as bytes; empty if they are just a slash.
  package var target: [UInt8] {
    let target = Array(text.utf8.dropFirst(authorityEnd))
    return target == Array("/".utf8) ? [] : target
  }

  /// A Boolean value indicating whether the tracker is on this machine or in a private network,
  /// judged by its host's text.
  package var isLocal: Bool {
    if host == "localhost" || host.hasSuffix(".localhost") { return true }
    guard let address = IPAddress(host) else { return false }
    return address.isLoopback || address.isPrivate
  }

  /// Returns the URL with additional query items.
  package func appending(query: String) -> String {
    let separator =
      if !text.contains("?") { "?" } else if text.hasSuffix("?") || text.hasSuffix("&") { "" } else
      {
        "&"
      }
    let path = authorityEnd == text.utf8.count ? "/" : ""
    return text + path + separator + query
  }

  /// The URL for display, without secrets.
  ///
  /// It has no credentials and no query, and long path segments are left out because they are
  /// passkeys.
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

  /// The scrape URL, in which the last path segment `announce…` has become `scrape…` (BEP 48).
  ///
  /// It is nil if the segment does not begin with that word.
  package var scrape: TrackerURL? {
    let end = text.utf8.index(text.startIndex, offsetBy: authorityEnd)
    let query = text[end...].firstIndex(of: "?") ?? text.endIndex
    guard let slash = text[end..<query].lastIndex(of: "/") else { return nil }
    let segment = text[text.index(after: slash)...]
    guard segment.hasPrefix("announce") else { return nil }
    // A URL derived from a valid one is valid too, but only the initializer can confirm it.
    return try? TrackerURL(text[...slash] + "scrape" + segment.dropFirst("announce".count))
  }
}
