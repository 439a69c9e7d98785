/// A declaration at the outermost level of a file or directly inside a type.
struct Declaration {
  /// The keyword that introduces it, such as `func` or `var`.
  let keyword: String
  /// Its name; for an initialiser the keyword itself.
  let name: String
  /// The words before the keyword: access, `static`, attributes.
  let modifiers: [String]
  /// The type that it stands in, with the types around that, or an empty text.
  let type: String
  /// The keyword of the type or extension that it stands in; an empty text at the outermost level.
  let owner: String
  /// True if an enum or a protocol around it is declared `public` or `package`.
  let isInsideVisible: Bool
  /// The line of the keyword, counted from 1.
  let line: Int
  /// The tokens after the name; of a body in braces only the braces and the first token.
  var rest: [Token] = []

  /// True if the declaration is written as one that other targets can see.
  var isVisible: Bool { modifiers.contains("public") || modifiers.contains("package") }

  /// True if it belongs to the type as a whole.
  var isStatic: Bool { modifiers.contains("static") || modifiers.contains("class") }

  /// The type's name with the types around it, which its members have as their `type`.
  var path: String { type.isEmpty ? name : "\(type).\(name)" }

  static let typeKeywords: Set = ["struct", "class", "enum", "actor", "protocol", "extension"]
  static let keywords = typeKeywords.union([
    "let", "var", "func", "init", "deinit", "subscript", "case", "typealias", "associatedtype",
  ])
}

extension Declaration {
  /// The number of properties that it adds to the storage of each value of its type.
  ///
  /// `let`, and `var` without a getter, count; `static` ones belong to no value.
  var storedProperties: Int {
    guard keyword == "let" || keyword == "var", !isStatic, !owner.isEmpty else { return 0 }
    if keyword == "var", let brace = rest.firstIndex(where: { $0.text == "{" }) {
      let isObserver = ["willSet", "didSet"].contains(rest[brace + 1].text)
      let hasValue = rest[..<brace].contains { $0.text == "=" }
      guard isObserver || hasValue else { return 0 }
    }
    return 1 + furtherNames
  }

  /// The names after the first one in `let first: Int, second: Int`.
  private var furtherNames: Int {
    var depth = 0
    var count = 0
    for (index, token) in rest.enumerated() {
      switch token.text {
      case "(", "[", "{": depth += 1
      case ")", "]", "}": depth -= 1
      case "->": break
      case ",": if depth == 0 { count += Self.beginsName(rest[(index + 1)...]) ? 1 : 0 }
      default:
        guard !token.isWord else { break }
        depth += token.text.filter { $0 == "<" }.count - token.text.filter { $0 == ">" }.count
      }
    }
    return count
  }

  private static func beginsName(_ tokens: ArraySlice<Token>) -> Bool {
    guard let first = tokens.first, first.isWord else { return false }
    return tokens.dropFirst().first.map { [":", "=", ","].contains($0.text) } ?? true
  }

  /// True if values of its type keep a closure in it.
  ///
  /// A function type may stand anywhere in the property's type, or be a closure's without a type.
  func storesClosure(aliases: Set<String>) -> Bool {
    guard storedProperties > 0 else { return false }
    let annotation = rest.prefix { $0.text != "=" && $0.text != "{" }
    if annotation.first?.text == ":" {
      return annotation.contains { $0.text == "->" || aliases.contains($0.text) }
    }
    let value = rest.dropFirst(annotation.count + 1)
    guard value.first?.text == "{", let end = value.firstIndex(where: { $0.text == "}" }) else {
      return false
    }
    return rest[(end + 1)...].first?.text != "("
  }

  /// The name of a function type, if it declares one.
  var functionAlias: String? {
    keyword == "typealias" && rest.contains { $0.text == "->" } ? name : nil
  }
}
