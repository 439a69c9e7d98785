import Networking
package import Primitives
import Tracker

extension TrackerServer: Interruptible {
  func interrupted() { stop() }
}

/// The built-in HTTP and UDP tracker on the live network, for a program without a loop of its own.
package final class TrackerService: Sendable {
  private let endpoint: Endpoint
  private let stopping = Interruption()

  /// Creates a tracker for an address; with port 0 the system chooses the port.
  package init(endpoint: Endpoint) {
    self.endpoint = endpoint
  }

  /// Serves until stopped; throws `DownloadError.listenFailed` if it cannot listen.
  package func run(
    onListening: @escaping @Sendable (Endpoint) -> Void
  ) async throws(DownloadError) {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await serve(onListening: onListening)
    }
    try result.get()
  }

  /// Ends `run`; callable from any thread.
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
      stopping.target = server
      if stopping.isStopped { server.stop() }
      onListening(server.endpoint)
      await server.run()
      return .success(())
    } catch {
      return .failure(.listenFailed("\(error)"))
    }
  }
}
