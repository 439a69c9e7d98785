import Download
import Primitives

/// The sources of peers and data, as text.
enum OriginText {
  /// Returns the connected peers by source, such as `tracker 8, DHT 3`; empty if there are none.
  static func connected(_ progress: ProgressSnapshot) -> String {
    progress.sources.filter { $0.connected > 0 }
      .map { "\(name(of: $0.source)) \($0.connected)" }.joined(separator: ", ")
  }

  /// Returns the payload by source, such as `tracker 30 MiB, web seed 2 MiB`; empty if there is
  /// none.
  static func downloaded(_ progress: ProgressSnapshot) -> String {
    progress.sources.filter { $0.downloadedBytes > 0 }
      .map { "\(name(of: $0.source)) \(ByteText.size($0.downloadedBytes))" }
      .joined(separator: ", ")
  }

  /// Returns the name of a source.
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
