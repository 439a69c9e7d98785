import Download
import Primitives

/// `swift-torrent tracker`: a small HTTP and UDP tracker for smoke tests, until it is interrupted.
enum TrackerCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    guard let endpoint = invocation.listenEndpoint else { return }
    let tracker = TrackerService(endpoint: endpoint)
    let outcome = await Termination.guarding(stop: tracker.stop) {
      await serve(tracker)
    }
    if case .failure(let failure) = outcome { throw failure }
  }

  /// Serves until it is stopped.
  private static func serve(_ tracker: TrackerService) async -> Result<Void, CommandFailure> {
    do throws(DownloadError) {
      try await tracker.run { endpoint in
        // A script reads the port from here; when nobody reads, the tracker serves all the same.
        Console.announcement("http://\(endpoint)/announce\nudp://\(endpoint)/announce\n")
      }
      return .success(())
    } catch {
      guard case .listenFailed(let reason) = error else {
        return .failure(CommandFailure(error, options: DownloadOptions()))
      }
      return .failure(
        CommandFailure(
          .networkFailure, "the tracker cannot listen: \(reason)",
          hint: "choose another address with --listen; port 0 is any free port"))
    }
  }
}
