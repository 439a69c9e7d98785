/// HTML entities: `&amp;`, `&#39;`, `&#x27;`.
enum HTMLEntities {
  /// The supported names; names of letters do not occur in links.
  private static let names: [String: Unicode.Scalar] = [
    "amp": "&", "apos": "'", "quot": "\"", "lt": "<", "gt": ">", "nbsp": " ",
  ]
  /// The maximum length of the text between `&` and `;`, in bytes.
  private static let longest = 8

  /// Decodes the entities of a text once; anything else remains as it is.
  static func decode(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")), text.utf8.contains(UInt8(ascii: ";")) else {
      return text
    }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let rest = bytes[(index + 1)...].prefix(longest + 1)
      if bytes[index] == UInt8(ascii: "&"), let end = rest.firstIndex(of: UInt8(ascii: ";")),
        let scalar = scalar(rest[..<end])
      {
        result += UTF8.encode(scalar).map(Array.init) ?? []
        index = end + 1
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func scalar(_ name: ArraySlice<UInt8>) -> Unicode.Scalar? {
    let text = String(decoding: name, as: UTF8.self)
    guard text.hasPrefix("#") else { return names[text.lowercased()] }
    let digits = text.dropFirst()
    let isHex = digits.first == "x" || digits.first == "X"
    guard let first = isHex ? digits.dropFirst().first : digits.first, first.isHexDigit,
      let number = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits), number > 0
    else { return nil }
    return Unicode.Scalar(number)
  }
}
