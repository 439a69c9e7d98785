import Glibc
import Platform

/// The program: reads the command line, runs the command, and ends the process with its status.
package enum CommandLineTool {
  /// The version that `--version` prints.
  package static let version = "0.1.0"
  /// The date of that version, for the manual page; today's date would change the page every day.
  package static let versionDate = "2026-11-29"

  /// Runs the process's command line and exits.
  package static func main() -> Never {
    Console.secureStreams()
    // The program is this one task; no other task outlives it. There is no asynchronous main(),
    // because that would depend on libdispatch.
    Task(executorPreference: TaskThreads.executor) {
      let status = await run(ProcessArguments.words)
      // All output is written and closed by now, so the teardown of waiting threads is skipped.
      _exit(status.rawValue)
    }
    while true { pause() }
  }

  /// Runs one command line.
  ///
  /// With `--json`, a failure is also written to standard output, as an object.
  ///
  /// - Parameter words: The words after the program's name.
  /// - Returns: The exit status; all messages have been written.
  static func run(_ words: [String]) async -> ExitStatus {
    do throws(CommandFailure) {
      return try await perform(try parse(words))
    } catch {
      Console.message(error.text)
      if wantsJSON(words) {
        Console.announcement(EventJSON.failed(error, source: nil).text + "\n")
      }
      return error.status
    }
  }

  /// Returns whether `--json` is in effect, even if the other words are invalid.
  private static func wantsJSON(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.last { $0 == "--json" || $0 == "--no-json" } == "--json"
  }

  private static func parse(_ words: [String]) throws(CommandFailure) -> Invocation {
    // Swift repairs words that are not UTF-8, but a repaired path names another file.
    if let index = words.firstIndex(where: { $0.contains("\u{FFFD}") }),
      !ProcessArguments.isUTF8(at: index)
    {
      throw UsageError.notUTF8(TerminalText.cleaned(words[index])).failure(for: .download)
    }
    let invocation = try CommandLineArguments.invocation(words)
    do throws(UsageError) { try FirstWord.check(invocation) } catch {
      throw error.failure(for: invocation.command)
    }
    return invocation
  }

  private static func perform(
    _ given: Invocation
  ) async throws(CommandFailure) -> ExitStatus {
    if ![.help, .version, .completions].contains(given.command) {
      try checkRoom(for: given)
      SystemRoom.warnBeforeProcessorTimeEnds()
    }
    let invocation = try await given.resolvingNames()
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

  /// Checks that the system leaves the command enough, before any work.
  private static func checkRoom(for invocation: Invocation) throws(CommandFailure) {
    do throws(SystemShortage) {
      try SystemRoom.check(bufferMemory: invocation.bufferMemory)
    } catch {
      throw CommandFailure(error)
    }
  }
}
