import Networking
package import Primitives
package import Tracker

/// Asks trackers for the size of swarms, for a program that has no loop of its own.
package enum ScrapeService {
  /// How long a tracker may take.
  private static let patience = Duration.seconds(15)

  /// Asks one tracker (BEP 48).
  ///
  /// - Parameters:
  ///   - tracker: The announce URL.
  ///   - infoHashes: The torrents asked about; for none, some trackers tell of all they know.
  /// - Returns: The answer, or why there is none.
  package static func ask(
    _ tracker: String, about infoHashes: [InfoHash]
  ) async -> Result<ScrapeReply, TrackerError> {
    await withTaskExecutorPreference(Reactor.taskExecutor) {
      await answer(of: tracker, infoHashes)
    }
  }

  @Reactor
  private static func answer(
    of tracker: String, _ infoHashes: [InfoHash]
  ) async -> Result<ScrapeReply, TrackerError> {
    do throws(TrackerError) {
      let world = Environment.live()
      let trackers = TrackerGateway(
        http: world.http, network: world.network, clock: world.clock, random: world.random)
      return .success(try await trackers.scrape(tracker, infoHashes, timeout: patience))
    } catch {
      return .failure(error)
    }
  }
}
