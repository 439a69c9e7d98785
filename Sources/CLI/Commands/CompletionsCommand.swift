/// `swift-torrent completions NAME`: what a shell or man(1) wants to know, on standard output.
enum CompletionsCommand {
  static func run(_ invocation: Invocation) throws(CommandFailure) {
    guard let script = CompletionScript(rawValue: invocation.arguments[0]) else { return }
    try Console.result(script.text)
  }
}
