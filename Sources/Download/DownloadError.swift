import Primitives
public import Metainfo
public import Storage

/// The reason why a run ended without its result.
public enum DownloadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file could not be read or written.
  case storage(StorageError)
  /// The run was stopped; the verified data was kept.
  case cancelled
  /// The session runs the same torrent already.
  case alreadyRunning
  /// Seeding was requested, but not one of the torrent's pieces is present and correct.
  case nothingToSeed(pieceCount: Int)
  /// None of the addresses could be listened on.
  case listenFailed(String)
  /// The time limit for the whole run has passed; the verified data was kept, as in the cases
  /// below.
  case deadlinePassed(Duration)
  /// No peer sent the torrent's metadata within its deadline.
  case noMetadata(Duration)
  /// The metadata has the right hash but is not a torrent that can be downloaded.
  case badMetadata(MetainfoError)
  /// No useful payload arrived for this long.
  case stalled(Duration)
  /// No peer was connected for this long, although a tracker or a peer had answered.
  case noPeers(Duration)
  /// The average rate over the floor's window was below its minimum.
  case tooSlow(bytesPerSecond: Int, floor: SpeedFloor)
  /// No peer was connected for this long, and neither a peer nor a tracker ever answered.
  case networkFailure(Duration)
  /// The run has no tracker, no web seed, no peer to dial and no well-known port for incoming
  /// peers.
  case noPeerSource

  /// A one-clause description of the failure.
  public var description: String {
    switch self {
    case .storage(let error): "\(error)"
    case .cancelled: "stopped before the download was complete"
    case .alreadyRunning: "the same torrent is running already"
    case .nothingToSeed(1):
      "there is nothing to seed: the torrent's only piece is missing or wrong"
    case .nothingToSeed(let count):
      "there is nothing to seed: all \(count) pieces are missing or wrong"
    case .listenFailed(let reason): "cannot listen for peers: \(reason)"
    case .deadlinePassed(let limit): "not complete after \(limit.words)"
    case .noMetadata(let limit): "no peer sent the torrent's metadata within \(limit.words)"
    case .badMetadata(let error): "\(error)"
    case .stalled(let limit): "no data arrived for \(limit.words)"
    case .noPeers(let limit): "no peer was connected for \(limit.words)"
    case .tooSlow(let rate, let floor):
      "too slow: \(rate) bytes/s over the last \(floor.duration.words), "
        + "below the minimum of \(floor.bytesPerSecond) bytes/s"
    case .networkFailure(let limit):
      "neither a tracker nor a peer could be reached within \(limit.words)"
    case .noPeerSource: "nothing to download from: no tracker, no web seed and no peer address"
    }
  }
}

extension Duration {
  /// The duration in the largest unit of which it is a whole multiple.
  package var words: String {
    let (seconds, fraction) = components
    guard fraction == 0 else { return "\(Double(inMilliseconds) / 1000) s" }
    for (unit, length) in [("h", Int64(3600)), ("min", 60)]
    where seconds > 0 && seconds.isMultiple(of: length) {
      return "\(seconds / length) \(unit)"
    }
    return "\(seconds) s"
  }

  private var inMilliseconds: Int64 { inNanoseconds / 1_000_000 }
}
