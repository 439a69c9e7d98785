/// Leaves comments and the texts of strings out of Swift code, and every line break in.
///
/// Interpolated expressions are code and stay, after the two quotes that stand for the string.
enum CodeText {
  static func strip(_ text: String) -> String {
    var stripper = CodeStripper(source: Array(text.utf8))
    stripper.strip(untilParenthesis: false)
    return String(decoding: stripper.result, as: UTF8.self)
  }
}

/// The scanner behind `CodeText`: good enough for code that swift-format has laid out.
private struct CodeStripper {
  let source: [UInt8]
  var position = 0
  var result: [UInt8] = []

  init(source: [UInt8]) {
    self.source = source
  }

  /// Goes to the end of the text, or behind the parenthesis that closes an interpolation.
  mutating func strip(untilParenthesis: Bool) {
    var depth = 0
    while position < source.count {
      if starts(with: "//") {
        while position < source.count, source[position] != UInt8(ascii: "\n") { position += 1 }
      } else if starts(with: "/*") {
        skipComment()
      } else if let hashes = rawStringStart() {
        position += hashes
        skipString(closing: String(repeating: "#", count: hashes))
      } else if starts(with: "\"") {
        skipString(closing: "")
      } else {
        if source[position] == UInt8(ascii: "(") { depth += 1 }
        if source[position] == UInt8(ascii: ")") { depth -= 1 }
        result.append(source[position])
        position += 1
        if untilParenthesis, depth < 0 { return }
      }
    }
  }

  private func starts(with text: String) -> Bool {
    source[position...].starts(with: text.utf8)
  }

  private func rawStringStart() -> Int? {
    let hashes = source[position...].prefix { $0 == UInt8(ascii: "#") }.count
    let next = position + hashes
    guard hashes > 0, next < source.count, source[next] == UInt8(ascii: "\"") else { return nil }
    return hashes
  }

  private mutating func skip(_ count: Int) {
    for _ in 0..<count where position < source.count {
      if source[position] == UInt8(ascii: "\n") { result.append(source[position]) }
      position += 1
    }
  }

  private mutating func skipComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") {
        depth += 1
        skip(2)
      } else if starts(with: "*/") {
        depth -= 1
        skip(2)
      } else {
        skip(1)
      }
    } while depth > 0 && position < source.count
  }

  private mutating func skipString(closing hashes: String) {
    let quote = starts(with: "\"\"\"") ? "\"\"\"" : "\""
    let end = quote + hashes
    let interpolation = "\\" + hashes + "("
    result += "\"\"".utf8
    skip(quote.count)
    while position < source.count, !starts(with: end) {
      if starts(with: interpolation) {
        skip(interpolation.count)
        result += " (".utf8
        strip(untilParenthesis: true)
      } else {
        skip(starts(with: "\\") && hashes.isEmpty ? 2 : 1)
      }
    }
    skip(end.count)
  }
}
