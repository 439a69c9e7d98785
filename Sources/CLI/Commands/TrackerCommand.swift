import Platform
import Primitives

/// `swift-torrent tracker`: runs a small HTTP and UDP tracker until it is interrupted.
enum TrackerCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    guard let place = invocation.listenPlace else { return }
    var failure: CommandFailure?
    // A name can have an address that this machine lacks, as localhost has ::1 without IPv6.
    for endpoint in try await Invocation.endpoints(of: place, for: "--listen") {
      let tracker = TrackerService(endpoint: endpoint)
      let outcome = await Termination.guarding(stop: tracker.stop) {
        await serve(tracker)
      }
      guard case .failure(let reason) = outcome else { return }
      failure = failure ?? reason
    }
    if let failure { throw failure }
  }

  /// Runs the tracker until it is stopped.
  private static func serve(_ tracker: TrackerService) async -> Result<Void, CommandFailure> {
    do throws(TrackerService.ListenFailure) {
      try await tracker.run { endpoint in
        // Scripts read the port from here. If standard output is closed, the tracker runs anyway.
        Console.announcement("http://\(endpoint)/announce\nudp://\(endpoint)/announce\n")
      }
      return .success(())
    } catch {
      return .failure(
        CommandFailure(
          .networkFailure, "the tracker cannot listen: \(error)",
          hint: "choose another address with --listen; port 0 picks a free port"))
    }
  }
}
