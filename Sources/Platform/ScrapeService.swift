import Download
import Networking
package import Primitives
package import Tracker

/// A client for tracker scrapes, for a program without a loop of its own.
package enum ScrapeService {
  /// The time limit for a tracker.
  private static let patience = Duration.seconds(15)

  /// Scrapes one tracker (BEP 48).
  ///
  /// - Parameters:
  ///   - tracker: The announce URL.
  ///   - infoHashes: The torrents to ask about; for none, some trackers report all they know.
  ///   - allowsLocalURLs: True if the rules of `URLPolicy` for local addresses are off.
  /// - Returns: The reply, or the reason why there is none.
  package static func ask(
    _ tracker: String, about infoHashes: [InfoHash], allowsLocalURLs: Bool = false
  ) async -> Result<ScrapeReply, TrackerError> {
    await withTaskExecutorPreference(Reactor.taskExecutor) {
      await answer(of: tracker, infoHashes, allowsLocalURLs)
    }
  }

  @Reactor
  private static func answer(
    of tracker: String, _ infoHashes: [InfoHash], _ allowsLocalURLs: Bool
  ) async -> Result<ScrapeReply, TrackerError> {
    do throws(TrackerError) {
      let world = Environment.live()
      let trackers = TrackerGateway(
        http: world.http, network: world.network, clock: world.clock, random: world.random,
        allowsLocalURLs: allowsLocalURLs)
      return .success(try await trackers.scrape(tracker, infoHashes, timeout: patience))
    } catch {
      return .failure(error)
    }
  }
}
