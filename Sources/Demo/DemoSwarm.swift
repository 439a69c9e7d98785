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
/// A tracker, two honest seeds, a slow one and one that lies in every block. The others neither
/// greet nor serve before the liar has been met and has delivered one piece, so the lie is there to
/// be found in every run.
package enum DemoSwarm {
  /// What the demo tells while it runs.
  package enum Event: Sendable {
    /// The swarm stands: who plays which part.
    case swarm(tracker: String, seeds: [(part: String, endpoint: Endpoint)])
    /// What the download reports.
    case download(DownloadEvent)
  }

  /// How the demo ended.
  package struct Outcome: Sendable {
    /// The download's own account.
    package let summary: DownloadSummary
    /// The peer that lied.
    package let liar: Endpoint
    /// Whether the liar was found and banned, and nobody else.
    package var banIsRight: Bool { summary.bannedPeers == [liar] }
    /// Whether the file that was written is the original, byte for byte.
    package let dataIsRight: Bool
  }

  /// Why there was no demo.
  package enum Failure: Error, Sendable, CustomStringConvertible {
    /// The torrent of the demo was refused.
    case torrent(MetainfoError)
    /// Loopback could not be used.
    case network(NetworkError)
    /// The download itself failed.
    case download(DownloadError)
    /// The temporary folder could not be made.
    case folder(String)

    /// One clause that says what was wrong.
    package var description: String {
      switch self {
      case .torrent(let error): "the torrent could not be made: \(error)"
      case .network(let error): "loopback does not work: \(error)"
      case .download(let error): "\(error)"
      case .folder(let reason): reason
      }
    }
  }

  /// Runs it with `size` bytes, in a temporary folder that is removed again.
  package static func run(
    size: Int, report: @escaping @Sendable (Event) -> Void
  ) async throws(Failure) -> Outcome {
    let folder: TemporaryFolder
    do throws(TemporaryFolder.Failure) {
      folder = try TemporaryFolder()
    } catch {
      throw .folder("\(error)")
    }
    defer { folder.remove() }
    return try await DemoRun(size: size, folder: folder, report: report).run()
  }
}
