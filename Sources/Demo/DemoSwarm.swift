package import Download
import HTTP
import Hashing
package import Metainfo
package import Networking
package import Primitives
import Storage
import Tracker

/// A swarm in one process on loopback, and a download from it through the real pipeline.
///
/// It has a tracker, two honest seeds, a slow one and one that corrupts every block. The other
/// seeds neither complete a handshake nor serve until the liar has been connected and has delivered
/// one piece, so every run has a corrupt piece to detect.
package enum DemoSwarm {
  /// A progress report of the demo.
  package enum Event: Sendable {
    /// The swarm is running, with these roles.
    case swarm(tracker: String, seeds: [(part: String, endpoint: Endpoint)])
    /// An event of the download.
    case download(DownloadEvent)
  }

  /// The outcome of the demo.
  package struct Outcome: Sendable {
    /// The summary of the download.
    package let summary: DownloadSummary
    /// The address of the corrupting peer.
    package let liar: Endpoint
    /// A Boolean value indicating whether the liar, and nobody else, was banned.
    package var banIsRight: Bool { summary.bannedPeers == [liar] }
    /// A Boolean value indicating whether the written file equals the original.
    package let dataIsRight: Bool
  }

  /// The reason why the demo could not run.
  package enum Failure: Error, Sendable, CustomStringConvertible {
    /// The demo's torrent was rejected.
    case torrent(MetainfoError)
    /// Loopback could not be used.
    case network(NetworkError)
    /// The download failed.
    case download(DownloadError)
    /// The temporary folder could not be created.
    case folder(String)

    /// A one-clause description of the failure.
    package var description: String {
      switch self {
      case .torrent(let error): "the torrent could not be created: \(error)"
      case .network(let error): "the loopback interface is not usable: \(error)"
      case .download(let error): "\(error)"
      case .folder(let reason): reason
      }
    }
  }

  /// Runs the demo with `size` bytes in a temporary folder, which it removes afterwards.
  ///
  /// `events` receives what happens; the caller finishes it.
  package static func run(
    size: Int, events: AsyncStream<Event>.Continuation
  ) async throws(Failure) -> Outcome {
    let folder: TemporaryFolder
    do throws(TemporaryFolder.Failure) {
      folder = try TemporaryFolder()
    } catch {
      throw .folder("\(error)")
    }
    defer { folder.remove() }
    return try await DemoRun(size: size, folder: folder, events: events).run()
  }
}
