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
    for word in Command.words { #expect(text.contains("\n  \(word)"), "\(word)") }
    for status in ExitStatus.allCases { #expect(text.contains(status.meaning)) }
  }

  @Test func theHelpOfACommandHasItsOwnOptionsOnly() {
    let text = HelpText.text(topic: "tracker")
    #expect(text.hasPrefix("Usage: swift-torrent tracker --listen HOST:PORT\n"))
    #expect(text.contains("--listen"))
    #expect(!text.contains("--output-dir"))
  }

  @Test func everyOptionBelongsToACommandAndIsNamedOnceInIt() {
    for command in Command.allCases {
      let names = OptionTable.options(of: command).flatMap(\.spellings)
      #expect(Set(names).count == names.count, "\(command)")
    }
    // Two options share a spelling only if they take the same words.
    for (spelling, options) in Dictionary(
      grouping: OptionTable.all.flatMap { option in option.spellings.map { ($0, option) } },
      by: { $0.0 })
    {
      #expect(Set(options.map { $0.1.value == nil }).count == 1, "\(spelling)")
    }
    #expect(OptionTable.all.allSatisfy { !$0.commands.isEmpty && $0.name.hasPrefix("--") })
  }

  /// An option that no test gives to the program itself may work in the parser only.
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

  @Test func linesFitATerminalOf80Columns() {
    for topic in [nil] + Command.allCases.map({ Optional($0.rawValue) }) {
      for line in HelpText.text(topic: topic).split(separator: "\n") {
        #expect(line.count <= 80, "\(topic ?? ""): \(line)")
      }
    }
  }

  @Test func theOptionsAreGrouped() {
    #expect(OptionTable.groups.count >= 6)
    for group in OptionTable.groups {
      #expect(!group.options.isEmpty)
      #expect(HelpText.text(topic: nil).contains("\n\(group.title):\n"))
    }
    let own = HelpText.text(topic: "create")
    #expect(own.contains("\nNew torrents:\n") && !own.contains("\nLimits"))
  }

  @Test func theHelpHasThreeExamplesThatParse() throws {
    for command in Command.allCases where command != .version {
      let examples = Example.of(command)
      let isLarge = ![Command.demo, .help, .completions].contains(command)
      #expect(isLarge ? examples.count == 3 : !examples.isEmpty, "\(command)")
      for example in examples {
        let help = HelpText.text(topic: command.rawValue)
        #expect(command == .help || help.contains("  \(example.line)\n"))
        let words = example.line.split(separator: " ").prefix { $0 != "|" && $0 != ">" }.dropFirst()
          .map { String($0).replacing("'", with: "") }
        #expect(try CommandLineArguments.parse(words).command == command, "\(example.line)")
      }
    }
    for example in Example.of(.download) {
      #expect(HelpText.text(topic: nil).contains("  \(example.line)\n"))
    }
  }

  @Test func theVersionNamesTheHashKernelWhenAsked() {
    #expect(HelpText.version(.normal) == "swift-torrent 0.1.0\n")
    #expect(HelpText.version(.verbose).contains("hash kernel: "))
  }
}
