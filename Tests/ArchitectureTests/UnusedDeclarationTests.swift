import TestSupport
import Testing

/// Sources show other targets only what some code uses: declarations that are left over go.
@Suite struct UnusedDeclarationTests {
  /// Public declarations for programs of others, which no code of ours uses, with the reason.
  private static let libraryNames = [
    "BencodeDecoder": "bencode for Codable types, as the module table promises",
    "BencodeEncoder": "bencode for Codable types, as the module table promises",
    "IPAddress.loopback6": "the pair of loopback4",
    "SessionOptions.listenAddresses": "for programs that listen at some addresses only",
  ]

  /// Declarations that the runtime or only tests use, with the reason.
  private static let known = [
    "Reactor.unownedExecutor": "the runtime asks an actor for it",
    "Reactor.addIdleSource": "the seam for simulated time",
    "Reactor.removeIdleSource": "the seam for simulated time",
    "Wakeup.hasWaiter": "tests wait for a task to wait",
  ]

  @Test func everyVisibleDeclarationIsUsed() throws {
    let unused = VisibleNames.unused(in: try SourceFile.all(below: "Sources"))
    let exempt = Set(Self.libraryNames.keys).union(Self.known.keys)
    for found in unused where !exempt.contains(found.name) {
      Issue.record("\(found.path): nobody uses \(found.name)")
    }
    let stale = exempt.subtracting(unused.map(\.name))
    #expect(stale.isEmpty, "these are used or gone, so they need no exemption")
  }

  @Test func theFinderReportsNamesThatNothingElseMentions() {
    let declaring = SourceFile(
      path: "Sources/Example/Example.swift",
      text: """
        /// Not a use of unusedFunction.
        package struct Used {
          package static let unusedConstant = "unusedFunction"
          package let usedProperty: Int
          let hidden = 1
          package func unusedFunction(usedProperty: Int) {}
          package static func usedFunction() -> Int { 1 }
          package static func == (left: Self, right: Self) -> Bool { true }
          package class func unusedClassFunction() {}
        }
        package protocol UnusedProtocol {
          var unusedRequirement: Int { get }
        }
        package enum Used2 { case usedCase, otherCase }
        extension Used2 { package enum Deep { case unusedCase(Int) } }
        """)
    let using = SourceFile(
      path: "Sources/Other/Other.swift",
      text: """
        let values = [Used.usedFunction(), Used(usedProperty: 1).usedProperty]
        let text = "\\(Used2.usedCase) and \\(Used2.Deep.self)"
        """)
    #expect(
      VisibleNames.unused(in: [declaring, using]).map(\.name) == [
        "Used.unusedConstant", "Used.unusedFunction", "Used.unusedClassFunction", "UnusedProtocol",
        "UnusedProtocol.unusedRequirement", "Used2.Deep.unusedCase",
      ])
  }

  @Test(arguments: [
    ("print(subject.name)", true), ("print(name)", true), ("if let name { print(1) }", true),
    ("guard let name else { return }", true), ("let text = \"\\(name)\"", true),
    ("self.name = name", false), ("self.name = name + 1", true), ("make(name: 1)", false),
    ("let name = 1", false), ("// name", false), ("let text = \"name\"", false),
    ("func name() {}", false), ("case name", false),
  ])
  func theFinderKnowsAUse(of line: String, isUse: Bool) {
    let file = SourceFile(
      path: "Sources/Example/Example.swift",
      text: """
        package let name = 1
        func example() {
          \(line)
        }
        """)
    #expect(VisibleNames.unused(in: [file]).isEmpty == isUse)
  }
}
