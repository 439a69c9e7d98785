/// `swift-torrent completions NAME`: prints shell completions or the manual page.
enum CompletionsCommand {
  static func run(_ invocation: Invocation) throws(CommandFailure) {
    guard let script = CompletionScript(rawValue: invocation.arguments[0]) else { return }
    try Console.result(script.text)
  }
}
