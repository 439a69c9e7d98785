import Download
import Networking
package import Primitives
import Tracker

/// The built-in HTTP and UDP tracker on the live network, for a program without a loop of its own.
package final class TrackerService: Sendable {
  /// The reason why the tracker cannot listen, in one clause.
  package struct ListenFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The clause.
    package let description: String
  }

  private let endpoint: Endpoint
  @Reactor private var server: TrackerServer?
  @Reactor private var isStopped = false

  /// Creates a tracker for an address; with port 0 the system chooses the port.
  package init(endpoint: Endpoint) {
    self.endpoint = endpoint
  }

  /// Serves until stopped.
  ///
  /// - Parameter onListening: Receives the address, before the first request is answered.
  /// - Throws: `ListenFailure` if the tracker cannot listen.
  package func run(
    onListening: @escaping @Sendable (Endpoint) -> Void
  ) async throws(ListenFailure) {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await serve(onListening: onListening)
    }
    try result.get()
  }

  /// Ends `run`; callable from any thread.
  package func stop() {
    Reactor.enqueue {
      self.isStopped = true
      self.server?.stop()
    }
  }

  @Reactor
  private func serve(
    onListening: @escaping @Sendable (Endpoint) -> Void
  ) async -> Result<Void, ListenFailure> {
    let environment = Environment.live()
    do throws(NetworkError) {
      let server = try TrackerServer(
        listen: endpoint, network: environment.network, clock: environment.clock,
        random: environment.random)
      self.server = server
      if isStopped { server.stop() }
      onListening(server.endpoint)
      await server.run()
      return .success(())
    } catch {
      return .failure(ListenFailure(description: "\(error)"))
    }
  }
}
