import Primitives

/// The parameters of a magnet link, which may have been copied from anywhere.
///
/// Links from web pages have `&amp;` or `&#38;` between their parameters and `&#039;` in names.
/// Links from other URLs have some or all characters percent-encoded. Names may contain an
/// unencoded `#` or `&`. Names are therefore not held to the rules for URLs, and do not make the
/// link lose parameters.
struct MagnetText {
  /// A parameter, whose value is still percent-encoded.
  struct Parameter {
    /// The key in lower case, without a number such as that of `tr.1`.
    let key: String
    var value: String
  }

  /// The maximum number of times that repeatedly encoded text is decoded.
  private static let mostRounds = 3
  /// The known keys of links.
  private static let keys: Set = [
    "xt", "dn", "xl", "tr", "ws", "as", "xs", "kt", "mt", "so", "x.pe",
  ]
  /// The keys whose values never contain `&`, not even an encoded one.
  private static let narrowKeys: Set = ["xt", "xl", "so", "x.pe"]

  /// The parameters, in the order of the link.
  private(set) var parameters: [Parameter] = []

  /// Splits a link into parameters; nil if the text is not a link.
  init?(_ text: String) {
    guard var query = Self.query(of: text) else { return nil }
    for _ in 0..<Self.mostRounds {
      let decoded = HTMLEntities.decode(query)
      if decoded == query { break }
      query = decoded
    }
    add(Self.revealingSeparators(in: query)[...], round: 0)
  }

  /// Returns whether text begins like a link.
  static func recognizes(_ text: String) -> Bool { query(of: text) != nil }

  /// Returns the text after `magnet:?`, which may be encoded as a whole; nil for other text.
  private static func query(of text: String) -> String? {
    var text = text
    for _ in 0...mostRounds {
      let start = text.prefix(9).lowercased()
      if start.hasPrefix("magnet:") {
        let rest = text.dropFirst("magnet:".count)
        if rest.hasPrefix("?") { return String(rest.dropFirst()) }
        return String(rest.prefix(3).lowercased() == "%3f" ? rest.dropFirst(3) : rest)
      }
      // A colon is %3A, or %253A if it is encoded twice.
      guard start == "magnet%3a" || start == "magnet%25" else { return nil }
      let rest = text.dropFirst(9)
      if rest.hasPrefix("?") { return String(rest.dropFirst()) }
      text = String(decoding: PercentEncoding.decodeTolerantly(text), as: UTF8.self)
    }
    return nil
  }

  /// Decodes each encoded `&` in front of an unencoded parameter, as in `%26tr=`.
  private static func revealingSeparators(in query: String) -> String {
    let parts = query.split(separator: "%26", omittingEmptySubsequences: false)
    return parts.dropFirst().reduce(into: String(parts.first ?? "")) { text, part in
      let head = part.prefix(16)
      let isParameter = head.contains("=") && keys.contains(key(head.prefix { $0 != "=" }))
      text += (isParameter ? "&" : "%26") + part
    }
  }

  private static func key(_ text: Substring) -> String {
    var key = text.lowercased()
    while key.hasPrefix("amp;") { key.removeFirst(4) }
    if let dot = key.lastIndex(of: "."), Int(key[key.index(after: dot)...]) != nil {
      key.removeSubrange(dot...)
    }
    return key
  }

  private mutating func add(_ text: Substring, round: Int) {
    for piece in text.split(separator: "&") {
      if round < Self.mostRounds, let hidden = Self.hiddenParameters(in: piece) {
        add(hidden[...], round: round + 1)
      } else if let equals = piece.firstIndex(of: "=") {
        parameters.append(
          Parameter(
            key: Self.key(piece[..<equals]), value: String(piece[piece.index(after: equals)...])))
      } else if let last = parameters.last, last.key == "dn", !last.value.isEmpty {
        // This is part of a name with an unencoded `&`.
        parameters[parameters.count - 1].value += "&" + piece
      }
    }
  }

  /// Returns the parameters in a piece with an encoded `=` or `&`; nil if it is a single parameter.
  private static func hiddenParameters(in piece: Substring) -> String? {
    guard let equals = piece.firstIndex(of: "=") else {
      let decoded = String(decoding: PercentEncoding.decodeTolerantly(piece), as: UTF8.self)
      return decoded.contains("=") && keys.contains(key(decoded.prefix { $0 != "=" }))
        ? decoded : nil
    }
    let value = piece[equals...]
    guard narrowKeys.contains(key(piece[..<equals])), let mark = value.firstRange(of: "%26") else {
      return nil
    }
    let rest = PercentEncoding.decodeTolerantly(piece[mark.upperBound...])
    return piece[..<mark.lowerBound] + "&" + String(decoding: rest, as: UTF8.self)
  }
}
