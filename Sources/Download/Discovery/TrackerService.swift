import Networking
package import Primitives
import Tracker

/// The small HTTP and UDP tracker on the live network, for a program that has no loop of its own.
package final class TrackerService: Sendable {
  private let endpoint: Endpoint
  private let stopping = Interruption()

  /// Prepares a tracker for that address; port 0 lets the system choose.
  package init(endpoint: Endpoint) {
    self.endpoint = endpoint
  }

  /// Serves until it is stopped, or throws `DownloadError.listenFailed`.
  package func run(
    onListening: @escaping @Sendable (Endpoint) -> Void
  ) async throws(DownloadError) {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await serve(onListening: onListening)
    }
    try result.get()
  }

  /// Ends `run`; callable from anywhere.
  package func stop() {
    Reactor.enqueue { self.stopping.stop() }
  }

  @Reactor
  private func serve(
    onListening: @escaping @Sendable (Endpoint) -> Void
  ) async -> Result<Void, DownloadError> {
    let environment = Environment.live()
    do throws(NetworkError) {
      let server = try TrackerServer(
        listen: endpoint, network: environment.network, clock: environment.clock,
        random: environment.random)
      stopping.handler = { server.stop() }
      if stopping.isStopped { server.stop() }
      onListening(server.endpoint)
      await server.run()
      return .success(())
    } catch {
      return .failure(.listenFailed("\(error)"))
    }
  }
}
