/// `swift-torrent tracker`: a small HTTP tracker for smoke tests, until it is interrupted.
enum TrackerCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
  }
}
