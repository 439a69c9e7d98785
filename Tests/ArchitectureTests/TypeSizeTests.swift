import TestSupport
import Testing

/// Types stay small enough to be kept in mind, however many files their extensions fill.
@Suite struct TypeSizeTests {
  /// The types that may be larger, with the reason: at most five.
  private static let largeTypes = [
    "Download.ProgressSnapshot": "a flat record of one moment, for people and programs",
    "Swarm.Exchange": "the face of all decisions: each input and each question is a method",
    "Swarm.PieceBoard": "one table with one invariant; each input is a method",
  ]

  /// The closures that types may keep, by type and property, with the reason.
  private static let storedClosures = [
    "CLI.StopSwitch.State.bodies": "the work to stop, registered for as long as it takes",
    "Networking.SignalWatcher.Orders.overdue": "called on the watcher's own thread",
    "Networking.SignalWatcher.Orders.received": "called on the watcher's own thread",
    "Networking.Thread.Body.run": "the body of a thread",
    "Networking.WorkQueue.works": "the queue of a thread pool",
  ]

  private static func measured() throws -> [TypeSize] {
    TypeSize.measure(try SourceFile.all(below: "Sources"))
  }

  @Test func typesHaveAtMost15StoredPropertiesAnd30Methods() throws {
    for type in try Self.measured() where Self.largeTypes[type.name] == nil {
      #expect(type.properties <= 15, "\(type.name) has \(type.properties) stored properties")
      #expect(type.methods <= 30, "\(type.name) has \(type.methods) methods")
    }
  }

  @Test func atMostFiveTypesAreLargerAndAllOfThemNeedTheirException() throws {
    #expect(Self.largeTypes.count <= 5)
    let types = TypeSize.measure(try SourceFile.all(below: "Sources"))
    for name in Self.largeTypes.keys {
      let type = try #require(types.first { $0.name == name }, "there is no type \(name)")
      #expect(type.properties > 15 || type.methods > 30, "\(name) is no exception any more")
    }
  }

  @Test func closuresAreStoredOnlyWhereTheTableSaysWhy() throws {
    let found = try Self.measured().flatMap { type in type.closures.map { "\(type.name).\($0)" } }
    let known = Set(Self.storedClosures.keys)
    #expect(Set(found) == known, "review the stored closures and this table")
  }

  @Test func theScannerAddsUpATypeAndItsExtensions() throws {
    let first = SourceFile(
      path: "Sources/Example/Example.swift",
      text: """
        package struct Example: Equatable {
          static let limit = 3
          let first: Int, second: [Int: String]
          private var third = [1, 2].map { $0 + 1 }
          var fourth = 0 {
            didSet { third = [] }
          }
          var computed: Int { let local = 1; return local }
          @Flag var fifth: Dictionary<Int, Int>
          lazy var sixth: Int = { 6 }()
          init() { func local() {} }
          struct Inner { let alone: Int }
          static func make() -> Example { Example() }
          private mutating func change(by amount: Int) {
            let inside = amount
          }
        }
        """)
    let second = SourceFile(
      path: "Sources/Example/Example+More.swift",
      text: """
        func outside() {}
        extension Example {
          class func first() {}
          subscript(_ index: Int) -> Int { get { 1 } set {} }
        }
        extension Example.Inner: Sendable { func only() { "\\(alone { $0 })" } }
        """)
    let types = TypeSize.measure([first, second])
    #expect(types.map(\.name) == ["Example.Example", "Example.Example.Inner"])
    #expect(types.map(\.properties) == [6, 1])
    #expect(types.map(\.methods) == [3, 1])
    #expect(types.flatMap(\.closures).isEmpty)
  }

  @Test func theScannerFindsStoredClosures() throws {
    let file = SourceFile(
      path: "Sources/Example/Example.swift",
      text: """
        typealias Handler = @Sendable () -> Void
        protocol Face { var asked: () -> Int { get } }
        final class Example {
          let plain: (Int) -> Void
          private var optional: (@Sendable () -> Void)?
          let many: [Int: Handler]
          let inferred = { (number: Int) in number }
          let value = { 1 }()
          let made = make { 1 }
          var computed: () -> Void { {} }
          static let shared: () -> Void = {}
          init(once: () -> Void) { once() }
          func method(_ body: () -> Void) -> Int { 1 }
        }
        """)
    let types = TypeSize.measure([file])
    #expect(types.flatMap(\.closures) == ["plain", "optional", "many", "inferred"])
  }
}
