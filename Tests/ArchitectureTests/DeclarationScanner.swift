extension SourceFile {
  /// The declarations at the outermost level and directly inside types, in order.
  ///
  /// Declarations inside functions are nobody else's business and are left out.
  var declarations: [Declaration] {
    var scanner = DeclarationScanner()
    for token in tokens { scanner.read(token) }
    return scanner.declarations
  }
}

/// Reads tokens and keeps track of the braces around them.
///
/// It is good enough for code that swift-format has laid out: modifiers share the keyword's line.
private struct DeclarationScanner {
  /// The owner of an open brace.
  private enum Block {
    /// A type or an extension; its members are declarations.
    case type(path: String, keyword: String, isVisible: Bool)
    /// A body or a closure.
    case other
  }

  private(set) var declarations: [Declaration] = []
  private var blocks: [Block] = []
  /// The brackets and parentheses that are open in the innermost block.
  private var depth = 0
  /// The tokens of this line, as far as they are outside of bodies.
  private var line: [Token] = []
  /// The declaration whose name comes next.
  private var keyword: Token?
  /// True if the next token is the first of a body.
  private var isAtStartOfBody = false

  mutating func read(_ token: Token) {
    if line.last?.line != token.line { line = [] }
    switch token.text {
    case "}": close(token)
    case "{": open(token)
    default:
      if case .other? = blocks.last {
        if isAtStartOfBody { addToLast(token) }
        isAtStartOfBody = false
      } else {
        readMember(token)
      }
    }
  }

  private mutating func readMember(_ token: Token) {
    if let keyword {
      self.keyword = nil
      begin(keyword, name: token)
    } else if depth == 0, Declaration.keywords.contains(token.text), line.last?.text != "." {
      keyword = token
      // These have no name, and so begin at once; `class func` has its keyword yet to come.
      if ["init", "deinit", "subscript"].contains(token.text) {
        begin(token, name: token)
        keyword = nil
      }
    } else {
      addToLast(token)
    }
    if ["(", "["].contains(token.text) { depth += 1 }
    if [")", "]"].contains(token.text) { depth -= 1 }
    line.append(token)
  }

  private mutating func begin(_ keyword: Token, name: Token) {
    if keyword.text == "class", Declaration.keywords.contains(name.text) {
      self.keyword = name
      return
    }
    var (type, owner, isVisible) = ("", "", false)
    if case .type(let path, let keyword, let visible)? = blocks.last {
      (type, owner, isVisible) = (path, keyword, visible)
    }
    let modifiers = line.prefix { $0 != keyword }.filter(\.isWord).map(\.text)
    declarations.append(
      Declaration(
        keyword: keyword.text, name: name.text, modifiers: modifiers, type: type, owner: owner,
        isInsideVisible: isVisible && ["enum", "protocol"].contains(owner), line: keyword.line))
  }

  private mutating func addToLast(_ token: Token) {
    guard !declarations.isEmpty else { return }
    declarations[declarations.count - 1].rest.append(token)
  }

  private mutating func open(_ token: Token) {
    if case .other? = blocks.last {
      isAtStartOfBody = false
      blocks.append(.other)
      return
    }
    let last = declarations.last
    if depth == 0, let last, Declaration.typeKeywords.contains(last.keyword) {
      // `extension Outer.Inner {` has the rest of its name behind the first word.
      let inner = last.rest.prefix { $0.text == "." || $0.isWord && $0.text != "where" }
      let path = last.path + (last.keyword == "extension" ? inner.map(\.text).joined() : "")
      blocks.append(.type(path: path, keyword: last.keyword, isVisible: last.isVisible))
      line = []
    } else {
      addToLast(token)
      blocks.append(.other)
      isAtStartOfBody = true
    }
  }

  private mutating func close(_ token: Token) {
    isAtStartOfBody = false
    guard let block = blocks.popLast(), case .other = block else { return }
    if case .other? = blocks.last { return }
    addToLast(token)
  }
}
