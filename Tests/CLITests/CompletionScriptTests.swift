import CLI
import Foundation
import TestSupport
import Testing

/// The table of options is the only place that knows them: what is made of it has them all.
@Suite struct CompletionScriptTests {
  @Test func theManualPageHasEveryCommandOptionAndStatus() {
    let page = ManualPage.text.replacing("\\-", with: "-")
    for option in OptionTable.all {
      for spelling in option.spellings { #expect(page.contains(spelling), "\(spelling)") }
      #expect(page.contains(option.summary.replacing("\"", with: "\\(dq")), "\(option.name)")
    }
    for command in Command.allCases { #expect(page.contains(command.summary)) }
    for status in ExitStatus.allCases { #expect(page.contains(status.meaning)) }
    for variable in HookFacts.variables { #expect(page.contains(variable.name)) }
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

  /// What bash offers for the last word of a line.
  private func offered(_ words: [String]) async throws -> Set<String> {
    let folder = try TemporaryFolder()
    let script = try folder.write(CompletionScript.bash.text, to: "script.bash")
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let command =
      "cd '\(folder.path)' && . '\(script)' && COMP_WORDS=(swift-torrent \(quoted)) && "
      + "COMP_CWORD=\(words.count) && _swift_torrent && printf '%s\\n' \"${COMPREPLY[@]}\""
    let outcome = try await ProcessRunner.run(["bash", "-c", command])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    return Set(outcome.output.split(separator: "\n").map(String.init))
  }

  @Test(.enabled(if: ProcessRunner.find("bash") != nil, "bash is not installed"))
  func bashOffersWhatFits() async throws {
    #expect(try await offered(["cre"]) == ["create"])
    #expect(try await offered(["scri"]) == ["script.bash"])
    #expect(try await offered(["x", "--over"]) == ["--overwrite"])
    #expect(try await offered(["create", "x", "--no-re"]) == ["--no-reproducible"])
    #expect(try await offered(["info", "x", "--outp"]) == [])
    #expect(try await offered(["x", "--color", "a"]) == ["auto", "always"])
    #expect(try await offered(["completions", "f"]) == ["fish"])
  }

  @Test(
    .enabled(if: ProcessRunner.find("zsh") != nil, "zsh is not installed"))
  func zshUnderstandsItsScript() async throws {
    let folder = try TemporaryFolder()
    let script = try folder.write(CompletionScript.zsh.text, to: "_swift-torrent")
    let outcome = try await ProcessRunner.run(["zsh", "-n", script])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    // What it hands on: the words without the command, and which of them is completed.
    for (words, expected) in [
      ("info ''", "2 of swift-torrent,"), ("completions ''", "1:word:(bash"),
      ("-q create x ''", "4 of swift-torrent,-q,x,"), ("a.torrent --color ''", "--color,"),
    ] {
      let command =
        "_describe() {}; _arguments() { print -r -- \"$CURRENT of ${(j:,:)words}\" $@ }; "
        + "words=(swift-torrent \(words)); CURRENT=$#words; . '\(script)'"
      let offered = try await ProcessRunner.run(["zsh", "-f", "-c", command])
      #expect(offered.output.contains(expected), "\(words): \(offered.output)\(offered.errors)")
    }
  }

  @Test(
    .enabled(if: ProcessRunner.find("fish") != nil, "fish is not installed"))
  func fishUnderstandsItsScript() async throws {
    let folder = try TemporaryFolder()
    let script = try folder.write(CompletionScript.fish.text, to: "swift-torrent.fish")
    let outcome = try await ProcessRunner.run(["fish", "--no-execute", script])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
  }

  @Test(.enabled(if: ProcessRunner.find("man") != nil, "man is not installed"))
  func theManualPageIsFormattedWithoutComplaint() async throws {
    let folder = try TemporaryFolder()
    let page = try folder.write(ManualPage.text, to: "swift-torrent.1")
    let outcome = try await ProcessRunner.run(
      ["man", "--warnings", "-E", "UTF-8", "-l", page], environment: ["MANWIDTH": "200"])
    #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    #expect(outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.contains("--[no-]json") || outcome.output.contains("--no-json"))
  }
}
