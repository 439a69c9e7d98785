import Download
import Tracker

/// Notices that a download has nobody to download from, and says what it waits for.
///
/// Without this a run that no peer will ever serve looks like one that is merely slow.
struct PeerWait {
  /// So many snapshots in a row without a peer, three seconds of them, before it is worth a line.
  private static let patience = 6

  private var snapshots = 0
  private var port: UInt16 = 0
  private var trackers: [String: TrackerReport.State] = [:]
  private var dht: DHTReport?

  /// Learns from an event what there is to wait for.
  mutating func note(_ event: DownloadEvent) {
    switch event {
    case .listening(let port): self.port = port
    case .dht(let report): dht = report
    case .tracker(let report):
      // Asking again is no news: until the answer is there, the last one counts.
      if case .announcing = report.state, trackers[report.url] != nil { return }
      trackers[report.url] = report.state
    default: break
    }
  }

  /// The line that is due with a snapshot: once for each time that the peers run out.
  mutating func line(_ progress: ProgressSnapshot) -> String? {
    guard progress.connectedPeers + progress.webSeeds == 0,
      progress.verifiedBytes < progress.totalBytes
    else {
      snapshots = 0
      return nil
    }
    snapshots = min(snapshots + 1, Self.patience + 1)
    return snapshots == Self.patience ? "waiting for a peer: \(reason)" : nil
  }

  private var reason: String {
    if let dht {
      switch dht.state {
      case .joining: return "no tracker knows one, and no node of the DHT has answered yet"
      case .joined: return "the DHT is being searched"
      case .searched:
        return "neither trackers nor the DHT know one that answers; they are asked again"
      case .failed: break
      }
    }
    if trackers.isEmpty {
      return "there is no tracker to ask (--tracker) and none given that answers (--peer); "
        + "one may connect to port \(port)"
    }
    var isAsking = false
    for state in trackers.values {
      switch state {
      case .working: return "the trackers know none that answers; they are asked again"
      case .announcing: isAsking = true
      case .failed: break
      }
    }
    return isAsking
      ? "no tracker has answered yet"
      : "no tracker could be asked; those that may work are tried again"
  }
}
