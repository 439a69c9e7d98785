/// The apparent kind of a file that is not a torrent, for a hint after the error.
package enum InputKind: Hashable, Sendable {
  /// An empty file.
  case empty
  /// An HTML page, such as one that a site shows instead of the file.
  case html
  /// Another XML document.
  case xml
  /// A JSON document.
  case json
  /// UTF-16 text, as some editors save it.
  case utf16
  /// A magnet link.
  case magnet
  /// A list of URLs or magnet links.
  case urls
  /// A compressed file or an archive, by its format's name.
  case archive(String)
  /// Another well-known format, by its name.
  case other(String)
  /// Other text.
  case text

  private static let signatures: [(bytes: [UInt8], kind: InputKind)] = [
    ([0x1F, 0x8B], .archive("gzip")), ([0x50, 0x4B, 0x03, 0x04], .archive("zip")),
    ([0x50, 0x4B, 0x05, 0x06], .archive("zip")), (Array("BZh".utf8), .archive("bzip2")),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .archive("xz")),
    ([0x28, 0xB5, 0x2F, 0xFD], .archive("zstd")),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .archive("7z")),
    (Array("Rar!".utf8), .archive("RAR")), (Array("%PDF".utf8), .other("a PDF document")),
    ([0x89, 0x50, 0x4E, 0x47], .other("a PNG image")),
    ([0xFF, 0xD8, 0xFF], .other("a JPEG image")),
    ([0x7F, 0x45, 0x4C, 0x46], .other("an executable")),
    ([0xFE, 0xFF], .utf16), ([0xFF, 0xFE], .utf16),
  ]

  /// Guesses the kind by the beginning; nil if it is unknown.
  package init?(_ bytes: [UInt8]) {
    if bytes.isEmpty {
      self = .empty
      return
    }
    if let known = Self.signatures.first(where: { bytes.starts(with: $0.bytes) }) {
      self = known.kind
      return
    }
    var start = bytes.prefix(4096)
    if start.starts(with: [0xEF, 0xBB, 0xBF]) { start = start.dropFirst(3) }
    if Self.isUTF16(start) {
      self = .utf16
      return
    }
    start = start.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    guard let kind = Self.textKind(String(decoding: start, as: UTF8.self), start) else {
      return nil
    }
    self = kind
  }

  /// Returns whether text is UTF-16 without a byte order mark: every other byte of ASCII text is 0.
  private static func isUTF16(_ bytes: ArraySlice<UInt8>) -> Bool {
    let pairs = Array(bytes.prefix(16))
    guard pairs.count >= 8 else { return false }
    return [0, 1].contains { offset in
      stride(from: offset, to: pairs.count, by: 2).allSatisfy { pairs[$0] == 0 }
        && stride(from: 1 - offset, to: pairs.count, by: 2).allSatisfy { pairs[$0] != 0 }
    }
  }

  private static func textKind(_ text: String, _ bytes: ArraySlice<UInt8>) -> InputKind? {
    let lowercased = text.lowercased()
    if ["<!doctype html", "<html", "<head", "<body", "<!--", "<script"].contains(
      where: lowercased.hasPrefix)
    {
      return .html
    }
    if lowercased.hasPrefix("<?xml") { return lowercased.contains("<html") ? .html : .xml }
    if text.hasPrefix("<") { return .xml }
    if text.hasPrefix("{") || text.hasPrefix("[") { return .json }
    let first = lowercased.prefix { !$0.isWhitespace }
    let isLink = first.hasPrefix("magnet:")
    if isLink || first.hasPrefix("http://") || first.hasPrefix("https://") {
      let lines = text.split(whereSeparator: \.isNewline).count
      return isLink && lines == 1 ? .magnet : .urls
    }
    let isText = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    return isText && !bytes.isEmpty ? .text : nil
  }

  /// A description of the kind, with advice.
  package var hint: String {
    switch self {
    case .empty: "the file is empty"
    case .html:
      "it looks like an HTML page; perhaps the site wants a login, or the link leads to a page about "
        + "the torrent"
    case .xml: "it looks like an XML document, not a torrent"
    case .json: "it looks like a JSON document, not a torrent"
    case .utf16: "it looks like text in UTF-16, not a torrent"
    case .magnet: "it looks like a magnet link; to use links from a file, give it with -i FILE"
    case .urls: "it looks like a list of links; to use them, give the file with -i FILE"
    case .archive(let format): "it looks like a \(format) file; unpack it first"
    case .other(let kind): "it looks like \(kind), not a torrent"
    case .text: "it looks like plain text, not a torrent"
    }
  }
}
