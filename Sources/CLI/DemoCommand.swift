import Demo
import Download

/// `swift-torrent demo`: the proof that an installation works, without any network.
enum DemoCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    let isQuiet = invocation.verbosity == .quiet
    do {
      let outcome = try await DemoSwarm.run(size: 256 << 20) { event in
        if !isQuiet { Console.message("\(TerminalText.cleaned("\(event)"))\n") }
      }
      if !isQuiet { Console.message("\(TerminalText.cleaned("\(outcome)"))\n") }
    } catch {
      throw CommandFailure(.failure, "the demo failed: \(error)")
    }
  }
}
