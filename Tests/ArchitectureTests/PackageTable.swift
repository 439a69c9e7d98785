import Foundation
import TestSupport

/// The tables of Package.swift with the imports that each target may have.
struct PackageTable {
  /// Every target with the modules that it may import, in the order of the file.
  let rows: [(name: String, imports: [String])]

  /// Reads a table of the form `let NAME: … = [ "Target": ["Import", …], … ]`.
  static func read(_ name: String) throws -> PackageTable {
    let path = FixtureFolder.repositoryPath("Package.swift")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard let start = text.range(of: "let \(name): KeyValuePairs<String, [String]> = [") else {
      return PackageTable(rows: [])
    }
    let rest = text[start.upperBound...]
    let body = rest[..<(rest.range(of: "\n]")?.lowerBound ?? rest.endIndex)]
    var rows: [(name: String, imports: [String])] = []
    // A name before a colon begins a row; the other names belong to the row that is open.
    let pattern = /"([^"]+)"(:?)/
    for match in body.matches(of: pattern) {
      if match.output.2.isEmpty {
        rows[rows.count - 1].imports.append(String(match.output.1))
      } else {
        rows.append((String(match.output.1), []))
      }
    }
    return PackageTable(rows: rows)
  }

  /// The modules that a target may import; nil when the table has no such target.
  func imports(of target: String) -> Set<String>? {
    rows.first { $0.name == target }.map { Set($0.imports) }
  }
}
