import Download
import Tracker

/// A detector for a download without peers, which says what it is waiting for.
///
/// Without it, a run that no peer will ever serve looks like one that is just slow.
struct PeerWait {
  /// The number of consecutive snapshots without a peer, taken over three seconds, before the
  /// message.
  private static let patience = 6

  private var snapshots = 0
  private var port: UInt16 = 0
  private var trackers: [String: TrackerReport.State] = [:]
  private var dht: DHTReport?

  /// Records an event that matters for the reason of the wait.
  mutating func note(_ event: DownloadEvent) {
    switch event {
    case .listening(let port, _, _): self.port = port
    case .dht(let report): dht = report
    case .tracker(let report):
      // A repeated announce is no news; until it is answered, the previous result counts.
      if case .announcing = report.state, trackers[report.url] != nil { return }
      trackers[report.url] = report.state
    default: break
    }
  }

  /// Returns the message that is due with a snapshot, once for each time that the peers run out.
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
