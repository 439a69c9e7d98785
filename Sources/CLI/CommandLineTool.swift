import Glibc

/// The program: reads the command line, runs the command, and ends the process with its status.
package enum CommandLineTool {
  /// The version that `--version` prints.
  package static let version = "0.1.0"
  /// The day of that version, which the manual page bears: today's would make each page another.
  package static let versionDate = "2026-11-29"

  /// Runs the process's command line and exits.
  package static func main() async -> Never {
    Console.secureStreams()
    let status = await run(Array(CommandLine.arguments.dropFirst()))
    // Everything is written and closed by now: skip the tear-down of threads that wait.
    _exit(status.rawValue)
  }

  /// Runs one command line.
  ///
  /// - Parameter words: What follows the program's name.
  /// - Returns: The exit status; what there is to say about it is said already.
  static func run(_ words: [String]) async -> ExitStatus {
    do throws(CommandFailure) {
      return try await perform(try parse(words))
    } catch {
      Console.message(error.text)
      return error.status
    }
  }

  private static func parse(_ words: [String]) throws(CommandFailure) -> Invocation {
    // Swift repairs words that are not UTF-8, and a repaired path is that of another file.
    if let index = words.firstIndex(where: { $0.contains("\u{FFFD}") }),
      !isUTF8(CommandLine.unsafeArgv[index + 1])
    {
      throw UsageError.notUTF8(TerminalText.cleaned(words[index])).failure(for: .download)
    }
    return try CommandLineArguments.invocation(words)
  }

  private static func isUTF8(_ word: UnsafeMutablePointer<CChar>?) -> Bool {
    word.map { String(validatingCString: $0) != nil } ?? true
  }

  private static func perform(
    _ given: Invocation
  ) async throws(CommandFailure) -> ExitStatus {
    let invocation = try await given.resolvingNames()
    if ![.help, .version, .completions].contains(invocation.command) { try DescriptorRoom.check() }
    switch invocation.command {
    case .download, .seed: return try await DownloadCommand.run(invocation)
    case .verify: return try await VerifyCommand.run(invocation)
    case .scrape: return try await ScrapeCommand.run(invocation)
    case .info: return try await InfoCommand.run(invocation)
    case .create: try await CreateCommand.run(invocation)
    case .tracker: try await TrackerCommand.run(invocation)
    case .demo: try await DemoCommand.run(invocation)
    case .completions: try CompletionsCommand.run(invocation)
    case .help: try Console.result(HelpText.text(topic: invocation.arguments.first))
    case .version: try Console.result(HelpText.version(invocation.streams.verbosity))
    }
    return .success
  }
}
