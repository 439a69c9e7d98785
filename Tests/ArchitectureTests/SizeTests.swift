import TestSupport
import Testing

/// Files and functions stay small enough to be read in one go.
@Suite struct SizeTests {
  @Test(arguments: ["Sources", "Tests"])
  func filesHaveAtMost400Lines(folder: String) throws {
    let files = try SourceFile.all(below: folder)
    #expect(files.count > 10)
    for file in files {
      #expect(file.lines.count <= 400, "\(file.path) has \(file.lines.count) lines")
    }
  }

  @Test(arguments: ["Sources", "Tests"])
  func functionsHaveAtMost60Lines(folder: String) throws {
    for file in try SourceFile.all(below: folder) {
      for function in file.functions where function.length > 60 {
        Issue.record("\(file.path):\(function.line) is a function of \(function.length) lines")
      }
    }
  }

  @Test func theScannerMeasuresFunctions() {
    let text = """
      struct Example {
        // A brace in a comment { does not count.
        func long() -> String {
          let text = "nor in a string {"
          return text
        }
        var short: Int { 1 }
      }
      """
    let functions = SourceFile(path: "Sources/Example/Example.swift", text: text).functions
    #expect(functions.map(\.line) == [3])
    #expect(functions.map(\.length) == [4])
  }
}
