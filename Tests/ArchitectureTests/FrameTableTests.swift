import TestSupport
import Testing

/// There is one table of frames, `FrameRule.all`: nobody else tells messages apart by number.
@Suite struct FrameTableTests {
  /// The files of `PeerWire` that may name message ids, with the purpose.
  ///
  /// A new kind of message starts with a row of the table; the codec gives it its meaning.
  private static let readers = [
    "Sources/PeerWire/FrameRule.swift": "the table",
    "Sources/PeerWire/PeerMessage.swift": "the codec: from a body to a message and back",
    "Sources/PeerWire/InboundMachine+Events.swift": "compares a foretold block's header",
  ]

  @Test func messageIDsAreNamedByTheTableAndItsReadersOnly() throws {
    var found: Set<String> = []
    for file in try SourceFile.all(below: "Sources") {
      let uses = Self.uses(in: file)
      if !uses.isEmpty { found.insert(file.path) }
      if Self.readers[file.path] == nil {
        #expect(uses.isEmpty, "\(file.path) tells messages apart by number, on lines \(uses)")
      }
    }
    #expect(found == Set(Self.readers.keys), "these readers are gone, so they need no row")
  }

  @Test(arguments: [
    ("if id == 7 { return }", true), ("guard rule.id != 20 else { return }", true),
    ("if 6 == id { return }", true), ("bytes.append(PeerMessage.ID.have)", true),
    ("switch id {\n  case 4: print(1)\n  default: print(2)\n}", true),
    ("switch rule.id {\n  case 0...3: print(1)\n  default: print(2)\n}", true),
    ("if number == 0 { return }", false), ("let id: UInt8 = bytes[4]", false),
    ("switch rule.body {\n  case .block: print(1)\n}", false),
    ("switch count {\n  case 4: print(id)\n  default: print(2)\n}", false),
  ])
  func theFinderKnowsAComparison(in code: String, isUse: Bool) {
    let file = SourceFile(path: "Sources/PeerWire/Example.swift", text: code)
    #expect(Self.uses(in: file).isEmpty != isUse)
  }

  /// The lines that name a message id: those with a constant of the codec, and those of `PeerWire`
  /// that compare something called `id` with a number.
  private static func uses(in file: SourceFile) -> [Int] {
    let tokens = file.tokens
    let isWire = file.target == "PeerWire"
    var lines: [Int] = []
    var switchesOverID = false
    for (index, token) in tokens.enumerated() {
      let before = index > 0 ? tokens[index - 1].text : ""
      let after = index + 1 < tokens.count ? tokens[index + 1].text : ""
      switch token.text {
      case "ID": if after == ".", before == "." || isWire { lines.append(token.line) }
      case "==", "!=":
        if isWire, compares(before, after) || compares(after, before) { lines.append(token.line) }
      case "switch":
        let subject = tokens[(index + 1)...].prefix { $0.text != "{" }
        switchesOverID = subject.last?.text == "id"
      case "case":
        if isWire, switchesOverID, isNumber(after) { lines.append(token.line) }
      default: break
      }
    }
    return lines
  }

  private static func compares(_ name: String, _ number: String) -> Bool {
    name == "id" && isNumber(number)
  }

  private static func isNumber(_ text: String) -> Bool {
    text.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }
}
