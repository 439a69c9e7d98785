import CLI
import Foundation
import TestSupport
import Testing

/// The table of options is the only place that knows them: the scripts made of it have them all.
@Suite struct CompletionScriptTests {
  @Test func theManualPageHasEveryCommandOptionAndStatus() {
    let page = ManualPage.text.replacing("\\-", with: "-").replacing("\n", with: " ")
    for option in OptionTable.all {
      for spelling in option.spellings { #expect(page.contains(spelling), "\(spelling)") }
      #expect(page.contains(Self.inRoff(option.summary)), "\(option.name)")
    }
    for group in OptionTable.groups { #expect(page.contains(".SS \(group.title)")) }
    for command in Command.allCases { #expect(page.contains(command.summary)) }
    for status in ExitStatus.allCases { #expect(page.contains(status.meaning)) }
    for variable in HookFacts.variables { #expect(page.contains(variable.name)) }
  }

  private static func inRoff(_ text: String) -> String {
    text.replacing("\"", with: "\\(dq").replacing("'", with: "\\(aq")
  }

  @Test func theManualPageHasAllUsualSectionsAndTheDateOfTheVersion() throws {
    let page = ManualPage.text
    for section in [
      "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT",
      "FILES", "EXAMPLES", "SEE ALSO",
    ] {
      #expect(page.contains("\n.SH \(section)\n"), "\(section)")
    }
    let head = try #require(page.split(separator: "\n").first)
    #expect(head.hasPrefix(".TH SWIFT\\-TORRENT 1 2026-11-29 "))
    #expect(page.contains("swift\\-torrent debian.torrent \\-o iso"))
  }

  @Test(arguments: [CompletionScript.bash, .zsh, .fish])
  func everyScriptHasEveryCommandAndOption(script: CompletionScript) {
    let text = script.text
    for word in Command.words { #expect(text.contains(word), "\(word)") }
    for option in OptionTable.all {
      for spelling in option.spellings {
        let shown = script == .fish ? String(spelling.drop { $0 == "-" }) : spelling
        #expect(text.contains(shown), "\(spelling)")
      }
      guard case .choice(let words)? = option.value?.kind else { continue }
      #expect(text.contains(words.joined(separator: " ")), "\(option.name)")
    }
  }

  @Test func everyCommandTakesHelp() {
    for command in Command.allCases {
      #expect(OptionTable.options(of: command).contains { $0.name == "--help" })
    }
  }
}
