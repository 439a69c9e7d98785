import Networking
package import Primitives
package import Tracker

/// Tracker queries on the live network, for a program without a loop of its own.
package enum TrackerQuery {
  /// Asks a tracker for the size of swarms, over HTTP(S) or UDP.
  ///
  /// - Parameters:
  ///   - url: The tracker's announce URL.
  ///   - infoHashes: The torrents to ask about, at most 1,000.
  /// - Throws: The reason why there is no usable reply.
  /// - Returns: The tracker's reply.
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
