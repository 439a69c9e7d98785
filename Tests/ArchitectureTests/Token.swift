/// A word, an operator or another mark of a file's code.
struct Token: Equatable {
  /// The characters of the token; a word in backquotes comes without them.
  let text: String
  /// The line on which it stands, counted from 1.
  let line: Int
  /// True if it is a name or a keyword.
  let isWord: Bool
}

extension SourceFile {
  /// The tokens of the code: words, runs of operator characters, and single other marks.
  var tokens: [Token] {
    code.enumerated().flatMap { number, line in Self.tokens(of: line, number: number + 1) }
  }

  private static let operators = Set("+-*/%=<>!&|^~?".utf8)

  private static func tokens(of line: String, number: Int) -> [Token] {
    let bytes = Array(line.utf8)
    var tokens: [Token] = []
    var position = 0
    while position < bytes.count {
      let first = bytes[position]
      let isWord = isWordByte(first)
      if first == UInt8(ascii: " ") || first == UInt8(ascii: "`") {
        position += 1
        continue
      }
      var end = position + 1
      if isWord {
        while end < bytes.count, isWordByte(bytes[end]) { end += 1 }
      } else if operators.contains(first) {
        while end < bytes.count, operators.contains(bytes[end]) { end += 1 }
      }
      let text = String(decoding: bytes[position..<end], as: UTF8.self)
      tokens.append(Token(text: text, line: number, isWord: isWord))
      position = end
    }
    return tokens
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}
