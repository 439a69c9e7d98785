import Networking
package import Primitives
package import Tracker

/// Asks trackers on the live network, for a program that has no loop of its own.
package enum TrackerQuery {
  /// Asks a tracker for the size of swarms, over HTTP(S) or UDP.
  ///
  /// - Parameters:
  ///   - url: The tracker's announce URL.
  ///   - infoHashes: Which torrents, at most 1,000.
  /// - Throws: Why there is no useful answer.
  /// - Returns: What the tracker knows.
  package static func scrape(
    _ url: String, _ infoHashes: [InfoHash]
  ) async throws(TrackerError) -> ScrapeReply {
    let result = await withTaskExecutorPreference(Reactor.taskExecutor) {
      await ask(url, infoHashes)
    }
    return try result.get()
  }

  @Reactor
  private static func ask(
    _ url: String, _ infoHashes: [InfoHash]
  ) async -> Result<ScrapeReply, TrackerError> {
    let environment = Environment.live()
    let gateway = TrackerGateway(
      http: environment.http, network: environment.network, clock: environment.clock,
      random: environment.random)
    do throws(TrackerError) {
      return .success(try await gateway.scrape(url, infoHashes))
    } catch {
      return .failure(error)
    }
  }
}
