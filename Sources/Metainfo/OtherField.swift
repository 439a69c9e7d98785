import Bencode

/// A field of a torrent that the program does not use, for display.
public struct OtherField: Equatable, Sendable {
  /// The key, preceded by `info.` if the info-hash covers the field; safe for display.
  public let name: String
  /// The value on one line, shortened if it is long; safe for display.
  public let value: String

  /// Creates a field.
  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// A reader of the fields that no other reader uses.
struct OtherFieldReader {
  private static let outer: Set = [
    "info", "announce", "announce-list", "url-list", "nodes", "creation date", "comment",
    "created by", "encoding",
  ]
  private static let info: Set = [
    "name", "name.utf-8", "piece length", "pieces", "length", "files", "private", "source",
    "md5sum", "attr", "symlink path",
  ]
  private static let mostFields = 100
  private static let mostElements = 10
  private static let longestText = 200
  private static let deepest = 4

  /// Returns such fields of both dictionaries, at most a hundred.
  static func read(_ dictionary: BencodeDictionary, info: BencodeDictionary?) -> [OtherField] {
    var fields = read(dictionary, besides: outer, prefix: "")
    if let info { fields += read(info, besides: Self.info, prefix: "info.") }
    return Array(fields.prefix(mostFields))
  }

  private static func read(
    _ dictionary: BencodeDictionary, besides known: Set<String>, prefix: String
  ) -> [OtherField] {
    var fields: [OtherField] = []
    for (key, value) in dictionary where fields.count < mostFields {
      let name = line(key)
      if known.contains(name) { continue }
      fields.append(OtherField(name: prefix + name, value: text(value, depth: 0)))
    }
    return fields
  }

  private static func text(_ value: BencodeValue, depth: Int) -> String {
    switch value.content {
    case .integer(let number): return "\(number)"
    case .unreadable(let source): return shortened(String(decoding: source, as: UTF8.self))
    case .string(let bytes):
      // Binary data such as hashes and keys is not informative.
      guard let text = value.text, text.unicodeScalars.allSatisfy(DisplayText.isPrintable) else {
        return bytes.count == 1 ? "1 byte" : "\(bytes.count) bytes"
      }
      return shortened(text)
    case .list(let list):
      guard depth < deepest else { return "[…]" }
      let shown = list.prefix(mostElements).map { text($0, depth: depth + 1) }
      return shortened("[\(joined(shown, of: list.count))]")
    case .dictionary(let dictionary):
      guard depth < deepest else { return "{…}" }
      let shown = dictionary.prefix(mostElements).map {
        "\(line($0.key)): \(text($0.value, depth: depth + 1))"
      }
      return shortened("{\(joined(shown, of: dictionary.count))}")
    }
  }

  private static func joined(_ parts: [String], of count: Int) -> String {
    (parts + (count > parts.count ? ["…"] : [])).joined(separator: ", ")
  }

  private static func line(_ bytes: ArraySlice<UInt8>) -> String {
    DisplayText.decode(bytes.prefix(longestText)).replacing("\n", with: " ")
  }

  private static func shortened(_ text: String) -> String {
    text.count > longestText ? text.prefix(longestText - 1) + "…" : text
  }
}
