import CLI
import Foundation
import Testing

@Suite struct JSONValueTests {
  @Test func valuesAreWrittenCompactlyAndInOrder() {
    let value = JSONValue.object([
      .init("b", .integer(-5)), .init("a", .array([.null, .bool(true), .bool(false)])),
      .init("c", .object([])), .init("d", .string("x")),
    ])
    #expect(value.text == #"{"b":-5,"a":[null,true,false],"c":{},"d":"x"}"#)
  }

  @Test(arguments: [
    (0.0, "0"), (1.5, "1.5"), (-0.25, "-0.25"), (1.0004, "1"), (0.0005, "0.001"), (2.05, "2.05"),
    (.nan, "null"), (.infinity, "null"), (123_456_789.125, "123456789.125"), (1e18, "1e+18"),
  ])
  func numbersHaveThreeDecimalsAtMost(value: Double, text: String) {
    #expect(JSONValue.decimal(value).text == text)
  }

  @Test func whatCouldSteerATerminalIsEscaped() {
    let text = JSONValue.string("a\"\\\n\u{1B}[2J\u{9B}\u{202E}\u{E0041}é🎬").text
    #expect(text == #""a\"\\\n\u001b[2J\u009b\u202e\udb40\udc41é🎬""#)
  }

  /// Another reader gets any name back as it is.
  @Test func anyTextSurvives() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let scalars = (0..<20).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator))
      }
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars)
      let line = JSONValue.array([.string(String(text))]).text
      let data = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let read = try #require((data as? [String])?.first)
      #expect(Array(read.unicodeScalars) == Array(String(text).unicodeScalars))
      #expect(!line.contains("\n"))
    }
  }
}
