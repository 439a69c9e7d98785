import Foundation
import TestSupport
import Testing

/// What other targets can see is documented, and the documents say what the code says.
@Suite struct DocumentationTests {
  /// Types and functions; what a type does for a protocol is documented there.
  @Test func declarationsThatOthersSeeAreDocumented() throws {
    let declaration =
      /^\s*(?:@\S+\s+)*(?:public|package)\s+(?:[a-z]+(?:\(set\))?\s+)*?(?:func|struct|class|enum|protocol|actor|typealias|subscript)\s+(\w+)/
    let files = try SourceFile.all(below: "Sources")
    let witnessed = Set(files.flatMap(\.protocolRequirements)).union(["description"])
    for file in files {
      for (number, line) in file.lines.enumerated() {
        guard let match = line.firstMatch(of: declaration) else { continue }
        if witnessed.contains(String(match.output.1)) { continue }
        var above = number - 1
        while above >= 0, Self.isAttribute(file.lines[above]) { above -= 1 }
        let isDocumented = above >= 0 && file.lines[above].contains("///")
        #expect(isDocumented, "\(file.path):\(number + 1) has no documentation")
      }
    }
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

  private static func isAttribute(_ line: String) -> Bool {
    line.trimmingCharacters(in: .whitespaces).hasPrefix("@")
  }

  private static func unquoted(_ text: String) -> String {
    text.replacingOccurrences(of: "`", with: "")
  }
}
