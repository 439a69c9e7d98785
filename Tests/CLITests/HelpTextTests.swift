import CLI
import Foundation
import TestSupport
import Testing

@Suite struct HelpTextTests {
  private static func readme() throws -> String {
    try String(contentsOfFile: FixtureFolder.repositoryPath("README.md"), encoding: .utf8)
  }

  @Test func theReadmeListsTheOptionsAsTheHelpDoes() throws {
    #expect(HelpText.text(topic: nil).contains(HelpText.optionList))
    #expect(try Self.readme().contains("```\n\(HelpText.optionList)```\n"))
  }

  @Test func theReadmeListsEveryExitStatus() throws {
    let rows = ExitStatus.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }
    #expect(try Self.readme().contains("|---|---|\n" + rows.joined(separator: "\n") + "\n\n"))
  }

  @Test func theOverviewNamesEveryCommandAndStatus() {
    let text = HelpText.text(topic: nil)
    for word in Command.words { #expect(text.contains("swift-torrent \(word)")) }
    for status in ExitStatus.allCases { #expect(text.contains(status.meaning)) }
  }

  @Test func theHelpOfACommandHasItsOwnOptionsOnly() {
    let text = HelpText.text(topic: "tracker")
    #expect(text.hasPrefix("swift-torrent tracker --listen ADDRESS:PORT\n"))
    #expect(text.contains("--listen"))
    #expect(!text.contains("--output-dir"))
  }

  @Test func everyOptionBelongsToACommandAndIsNamedOnce() {
    let names = OptionTable.all.flatMap { [$0.name, $0.shortName].compactMap(\.self) }
    #expect(Set(names).count == names.count)
    #expect(OptionTable.all.allSatisfy { !$0.commands.isEmpty && $0.name.hasPrefix("--") })
  }

  /// What no test gives to the program itself may work in the parser only.
  @Test func everyOptionIsGivenToTheProgramByATest() throws {
    let manager = FileManager.default
    var text = ""
    for folder in ["Tests/EndToEndTests", "Tests/InteropTests", "Fixtures/Scripts"] {
      let path = FixtureFolder.repositoryPath(folder)
      for name in try manager.contentsOfDirectory(atPath: path) {
        guard let bytes = manager.contents(atPath: "\(path)/\(name)") else { continue }
        text += String(decoding: bytes, as: UTF8.self)
      }
    }
    let words = Set(text.split { !$0.isLetter && $0 != "-" && !$0.isNumber }.map(String.init))
    for option in OptionTable.all {
      #expect(option.spellings.contains { words.contains($0) }, "\(option.name)")
    }
  }

  @Test func linesFitATerminalOf100Columns() {
    for line in HelpText.optionList.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
  }

  @Test func theVersionNamesTheHashKernelWhenAsked() {
    #expect(HelpText.version(.normal) == "swift-torrent 0.1.0\n")
    #expect(HelpText.version(.verbose).contains("hash kernel: "))
  }
}
