import Download
import Primitives

/// Where peers and data came from, for people.
enum OriginText {
  /// Who is connected now, by where they came from: `tracker 8, DHT 3`; empty when nobody is.
  static func connected(_ progress: ProgressSnapshot) -> String {
    progress.sources.filter { $0.connected > 0 }
      .map { "\(name(of: $0.source)) \($0.connected)" }.joined(separator: ", ")
  }

  /// What each origin has brought: `tracker 30 MiB, web seed 2 MiB`; empty when nothing came.
  static func downloaded(_ progress: ProgressSnapshot) -> String {
    progress.sources.filter { $0.downloadedBytes > 0 }
      .map { "\(name(of: $0.source)) \(ByteText.size($0.downloadedBytes))" }
      .joined(separator: ", ")
  }

  /// The name of an origin.
  static func name(of source: PeerSource) -> String {
    switch source {
    case .tracker: "tracker"
    case .given: "given"
    case .dht: "DHT"
    case .pex: "PEX"
    case .lsd: "LSD"
    case .incoming: "incoming"
    case .webSeed: "web seed"
    }
  }
}
