import Foundation
import TestSupport

/// One Swift file of the project, as text and as code without comments and strings.
struct SourceFile {
  /// The path from the top of the repository.
  let path: String
  /// The lines as they stand in the file.
  let lines: [String]
  /// The same lines, with comments and the texts of strings left out.
  let code: [String]

  /// The target that the file belongs to: the folder below `Sources` or `Tests`.
  var target: String { String(path.split(separator: "/")[1]) }

  /// Every Swift file below a folder of the repository, in order of path.
  static func all(below folder: String) throws -> [SourceFile] {
    folder == "Sources" ? try sources.get() : try read(folder)
  }

  /// The sources are read once for all tests.
  private static let sources = Result { try read("Sources") }

  private static func read(_ folder: String) throws -> [SourceFile] {
    let root = FixtureFolder.repositoryPath(folder)
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
      let text = try String(contentsOfFile: "\(root)/\(name)", encoding: .utf8)
      return SourceFile(path: "\(folder)/\(name)", text: text)
    }
  }

  init(path: String, text: String) {
    self.path = path
    lines = Self.split(text)
    code = Self.split(CodeText.strip(text))
  }

  private static func split(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// The modules that the file imports, by whatever form of `import`.
  var imports: [String] {
    code.compactMap { line in
      var words = line.split(separator: " ").map(String.init)[...]
      while let word = words.first, word.hasPrefix("@") || Self.accessLevels.contains(word) {
        words.removeFirst()
      }
      guard words.popFirst() == "import" else { return nil }
      if let kind = words.first, Self.importKinds.contains(kind) { words.removeFirst() }
      return words.first.map { String($0.prefix { $0 != "." }) }
    }
  }

  private static let accessLevels: Set = [
    "public", "package", "internal", "fileprivate", "private",
  ]
  private static let importKinds: Set = [
    "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
  ]

  /// The names of the requirements of the file's protocols, which stand at its outermost level.
  var protocolRequirements: [String] {
    var names: [String] = []
    var isInside = false
    for line in code {
      if line.contains(/^[a-z@].*\bprotocol\s+\w+.*\{$/) { isInside = true }
      if line == "}" { isInside = false }
      if isInside, let match = line.firstMatch(of: /\b(?:func|var)\s+(\w+)/) {
        names.append(String(match.output.1))
      }
    }
    return names
  }

  /// The functions, initialisers and the like: the line on which the body begins, and its length in
  /// lines.
  var functions: [(line: Int, length: Int)] {
    var functions: [(line: Int, length: Int)] = []
    var open: [(line: Int, isFunction: Bool)] = []
    var header = ""
    for (number, line) in code.enumerated() {
      for character in line {
        switch character {
        case "{":
          open.append((number, Self.declaresFunction(header)))
          header = ""
        case "}":
          if let block = open.popLast(), block.isFunction {
            functions.append((block.line + 1, number - block.line + 1))
          }
          header = ""
        default:
          header.append(character)
        }
      }
      header.append(" ")
    }
    return functions
  }

  /// The lines, counted from 0, with the cases of enums that other targets can see.
  var visibleCases: [Int] {
    var found: [Int] = []
    var open: [Bool] = []
    var header = ""
    for (number, line) in code.enumerated() {
      let words = line.split(separator: " ").drop { $0 == "indirect" }
      if open.last == true, words.first == "case" { found.append(number) }
      for character in line {
        switch character {
        case "{":
          open.append(Self.declaresVisibleEnum(header))
          header = ""
        case "}":
          _ = open.popLast()
          header = ""
        default:
          header.append(character)
        }
      }
      header = line.isEmpty ? "" : header + " "
    }
    return found
  }

  private static func declaresVisibleEnum(_ header: String) -> Bool {
    let words = header.split { !$0.isLetter }
    return words.contains("enum") && (words.contains("package") || words.contains("public"))
  }

  private static func declaresFunction(_ header: String) -> Bool {
    let words = header.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    return words.contains { ["func", "init", "deinit", "subscript"].contains($0) }
  }
}
