import Download
import Tracker

/// Notices that a download has no peers, and says what it waits for.
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
    return snapshots == Self.patience ? "waiting for peers: \(reason)" : nil
  }

  private var reason: String {
    if let dht {
      switch dht.state {
      case .joining: return "no tracker knows any, and no DHT node has answered yet"
      case .joined: return "searching the DHT"
      case .searched:
        return "no peer from the trackers or the DHT has answered; asking them again"
      case .failed: break
      }
    }
    if trackers.isEmpty {
      return "there is no tracker (--tracker), and no given peer (--peer) answers; "
        + "peers can connect to port \(port)"
    }
    var isAsking = false
    for state in trackers.values {
      switch state {
      case .working: return "no peer from the trackers has answered; asking them again"
      case .announcing: isAsking = true
      case .failed: break
      }
    }
    return isAsking
      ? "no tracker has answered yet"
      : "no tracker could be reached; trying again"
  }
}
