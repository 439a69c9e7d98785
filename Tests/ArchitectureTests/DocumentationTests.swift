import Foundation
import TestSupport
import Testing

/// The declarations that other targets can see are documented, and the documents agree with the
/// code.
@Suite struct DocumentationTests {
  @Test func declarationsThatOthersSeeAreDocumented() throws {
    let declaration =
      /^\s*(@\S+\s+)*(public|package)\s+((static|final|mutating|nonisolated|private\(set\)|indirect|convenience|override|class|isolated|borrowing|consuming)\s+)*(func|var|let|struct|class|enum|protocol|actor|init|typealias|subscript)\b/
    for file in try SourceFile.all(below: "Sources") {
      for (number, line) in file.lines.enumerated()
      where line.contains("public ") || line.contains("package ") {
        guard line.contains(declaration) else { continue }
        let isDocumented = Self.isDocumented(number, in: file)
        #expect(isDocumented, "\(file.path):\(number + 1) has no documentation")
      }
    }
  }

  @Test func casesThatOthersSeeAreDocumented() throws {
    var count = 0
    for file in try SourceFile.all(below: "Sources") {
      for number in file.visibleCases {
        count += 1
        let isDocumented = Self.isDocumented(number, in: file)
        #expect(isDocumented, "\(file.path):\(number + 1) has no documentation")
      }
    }
    #expect(count > 100)
  }

  @Test func theScannerFindsTheCasesOfVisibleEnumsOnly() {
    let text = """
      package enum Seen {
        case first(Int)
        enum Inner { case hidden }
        var text: String {
          switch self {
          case .first: ""
          }
        }
        indirect case second
      }
      enum Unseen {
        case third
      }
      """
    let file = SourceFile(path: "Sources/Example/Example.swift", text: text)
    #expect(file.visibleCases == [1, 8])
  }

  @Test func theModuleTableOfTheArchitectureEqualsThePackage() throws {
    let path = FixtureFolder.repositoryPath("Sources/ARCHITECTURE.md")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var documented: [String: Set<String>] = [:]
    for line in text.split(separator: "\n") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard line.hasPrefix("| `"), cells.count == 4 else { continue }
      documented[Self.unquoted(cells[0])] = Set(
        cells[3].split(separator: ",").map {
          Self.unquoted($0.trimmingCharacters(in: .whitespaces))
        }
        .filter { $0 != "–" })
    }
    var expected = ["CHashing": Set<String>(), "CPosix": [], "swift-torrent": ["CLI"]]
    for row in try PackageTable.read("libraries").rows { expected[row.name] = Set(row.imports) }
    #expect(documented == expected)
  }

  /// True if a comment for the documentation stands above the line, or above its attributes.
  private static func isDocumented(_ number: Int, in file: SourceFile) -> Bool {
    var above = number - 1
    while above >= 0, isAttribute(file.lines[above]) { above -= 1 }
    return above >= 0 && file.lines[above].contains("///")
  }

  private static func isAttribute(_ line: String) -> Bool {
    line.trimmingCharacters(in: .whitespaces).hasPrefix("@")
  }

  private static func unquoted(_ text: String) -> String {
    text.replacingOccurrences(of: "`", with: "")
  }
}
