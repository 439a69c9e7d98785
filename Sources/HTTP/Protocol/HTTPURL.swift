package import Primitives

/// The parts of an http or https URL (RFC 3986, RFC 9110 §4.2), ready to be sent.
///
/// Bytes that are not allowed in a path or query are escaped and everything else is left alone,
/// because an info-hash that is escaped twice becomes a different one. A fragment is dropped.
/// International host names must be given in their ASCII form.
package struct HTTPURL: Hashable, Sendable {
  /// The maximum length of a URL in bytes.
  package static let maximumLength = 16 << 10

  /// The host name, or the address without brackets, in lower case.
  package let host: String
  /// The port, explicit or implied by the scheme.
  package let port: UInt16
  /// A Boolean value indicating whether the scheme is https.
  package let isSecure: Bool
  /// The path and query as sent in a request, starting with a slash.
  package let target: String
  /// The decoded `user:password`.
  let credentials: [UInt8]?

  /// Parses an absolute URL.
  ///
  /// - Parameter text: The URL.
  /// - Throws: `.badURL` unless it has a supported scheme and an ASCII host.
  package init(_ text: String) throws(HTTPError) {
    let bytes = Array(text.utf8.prefix { $0 != 0x23 })
    guard bytes.count <= Self.maximumLength, let mark = bytes.firstIndex(of: 0x3A),
      bytes[mark...].starts(with: "://".utf8)
    else { throw .badURL(Self.shown(text)) }
    let scheme = String(decoding: bytes[..<mark], as: UTF8.self).lowercased()
    guard scheme == "http" || scheme == "https" else { throw .badURL(Self.shown(text)) }
    let rest = bytes[(mark + 3)...]
    let end = rest.firstIndex { $0 == 0x2F || $0 == 0x3F } ?? rest.endIndex
    guard let authority = Authority(rest[..<end]) else { throw .badURL(Self.shown(text)) }
    isSecure = scheme == "https"
    host = authority.host
    port = authority.port ?? (isSecure ? 443 : 80)
    credentials = authority.credentials
    target =
      (rest[end...].first == 0x2F ? "" : "/") + URLText.escapingForbiddenBytes(in: rest[end...])
  }

  private init(_ base: HTTPURL, target: String) {
    host = base.host
    port = base.port
    isSecure = base.isSecure
    credentials = base.credentials
    self.target = target
  }

  private static func shown(_ text: String) -> String { String(text.prefix(200)) }

  /// The host's address, if the host is an address literal.
  package var literalAddress: IPAddress? { IPAddress(host) }

  /// The host as written in a URL, with the port unless it is the scheme's default.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// The whole URL without credentials.
  package var text: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }

  /// The path without the query.
  var path: Substring { target.prefix { $0 != "?" } }

  /// A Boolean value indicating whether there is a query, possibly an empty one.
  var hasQuery: Bool { target.contains("?") }

  // MARK: - References

  /// Returns the URL that a `Location` field refers to, relative to this URL (RFC 3986 §5.2).
  ///
  /// - Parameter reference: The value of the field.
  /// - Throws: `.leadsElsewhere` for a URL of another scheme, `.badURL` if the target is not a URL.
  /// - Returns: The new URL, which keeps the credentials only if it is on the same host.
  package func resolving(_ reference: String) throws(HTTPError) -> HTTPURL {
    let whole = reference
    let reference = reference.prefix { $0 != "#" }
    if let scheme = Self.scheme(of: reference) {
      // Only the other scheme's own rules say whether `#` begins a fragment.
      guard scheme == "http" || scheme == "https" else { throw .leadsElsewhere(whole) }
      return try HTTPURL(String(reference))
    }
    if reference.hasPrefix("//") {
      return try HTTPURL((isSecure ? "https:" : "http:") + reference)
    }
    guard reference.utf8.count <= Self.maximumLength else {
      throw .badURL(Self.shown(String(reference)))
    }
    let joined: String
    if reference.isEmpty {
      joined = target
    } else if reference.hasPrefix("/") {
      joined = String(reference)
    } else if reference.hasPrefix("?") {
      joined = String(path + reference)
    } else {
      let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
      joined = String(folder + reference)
    }
    let escaped = URLText.escapingForbiddenBytes(in: Array(joined.utf8)[...])
    let question = escaped.firstIndex(of: "?") ?? escaped.endIndex
    return HTTPURL(
      self, target: URLText.removingDotSegments(escaped[..<question]) + escaped[question...])
  }

  /// Returns the scheme in lower case; nil without one.
  private static func scheme(of reference: Substring) -> String? {
    guard let colon = reference.firstIndex(of: ":"), colon > reference.startIndex else {
      return nil
    }
    let scheme = reference[..<colon]
    let isScheme = scheme.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
      default: false
      }
    }
    return isScheme ? scheme.lowercased() : nil
  }
}

/// The part of a URL between `//` and the path.
private struct Authority {
  let host: String
  let port: UInt16?
  let credentials: [UInt8]?

  init?(_ bytes: ArraySlice<UInt8>) {
    let at = bytes.lastIndex(of: 0x40)
    if let at {
      guard let decoded = PercentEncoding.decode(String(decoding: bytes[..<at], as: UTF8.self)),
        decoded.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
      else { return nil }
      credentials = decoded
    } else {
      credentials = nil
    }
    let place = bytes[(at.map { $0 + 1 } ?? bytes.startIndex)...]
    guard let split = Self.split(place) else { return nil }
    host = String(decoding: split.host, as: UTF8.self).lowercased()
    guard !split.port.isEmpty else {
      port = nil
      return
    }
    guard split.port.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = UInt16(String(decoding: split.port, as: UTF8.self)), number > 0
    else { return nil }
    port = number
  }

  private static func split(
    _ place: ArraySlice<UInt8>
  ) -> (host: ArraySlice<UInt8>, port: ArraySlice<UInt8>)? {
    if place.first == 0x5B {
      guard let bracket = place.firstIndex(of: 0x5D) else { return nil }
      let host = place[(place.startIndex + 1)..<bracket]
      let rest = place[(bracket + 1)...]
      guard IPAddress(String(decoding: host, as: UTF8.self))?.isIPv6 == true,
        rest.isEmpty || rest.first == 0x3A
      else { return nil }
      return (host, rest.dropFirst())
    }
    let end = place.firstIndex(of: 0x3A) ?? place.endIndex
    let host = place[..<end]
    guard (1...253).contains(host.count), host.allSatisfy(isNameByte) else { return nil }
    return (host, place[end...].dropFirst())
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
    default: false
    }
  }
}
