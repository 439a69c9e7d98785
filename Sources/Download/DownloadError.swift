import Primitives
public import Metainfo
public import Storage

/// Why a run ended without its result.
public enum DownloadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Files could not be read or written.
  case storage(StorageError)
  /// The run was stopped; what is verified was kept.
  case cancelled
  /// Seeding was asked for, but pieces are missing.
  case incomplete(missingPieces: Int)
  /// No address to listen on worked.
  case listenFailed(String)
  /// The bound on the whole run has passed; what is verified was kept, as in the cases below.
  case deadlinePassed(Duration)
  /// No peer has brought the torrent's metadata in that time.
  case noMetadata(Duration)
  /// The metadata has the right hash, but is no torrent that can be downloaded.
  case badMetadata(MetainfoError)
  /// No useful payload has come for so long.
  case stalled(Duration)
  /// No peer was connected for so long, although a tracker or a peer could be reached.
  case noPeers(Duration)
  /// So few bytes per second came on average over the floor's stretch of time.
  case tooSlow(bytesPerSecond: Int, floor: SpeedFloor)
  /// No peer was connected for so long, and none and no tracker has ever answered.
  case networkFailure(Duration)
  /// There is no tracker to ask, no web seed to fetch from, no peer to dial, and no port that peers
  /// could know.
  case noPeerSource

  /// One clause that says what was wrong.
  public var description: String {
    switch self {
    case .storage(let error): "\(error)"
    case .cancelled: "stopped before the download was complete"
    case .incomplete(let missing): "\(missing) pieces are missing, so there is nothing to seed"
    case .listenFailed(let reason): "cannot listen for peers: \(reason)"
    case .deadlinePassed(let limit): "not complete after \(limit.words)"
    case .noMetadata(let limit): "no peer has sent the torrent's metadata in \(limit.words)"
    case .badMetadata(let error): "\(error)"
    case .stalled(let limit): "no data came for \(limit.words)"
    case .noPeers(let limit): "no peer was connected for \(limit.words)"
    case .tooSlow(let rate, let floor):
      "too slow: \(rate) bytes/s over the last \(floor.duration.words), "
        + "at least \(floor.bytesPerSecond) wanted"
    case .networkFailure(let limit):
      "no tracker and no peer could be reached in \(limit.words)"
    case .noPeerSource: "there is no tracker to ask, no web seed to use and no peer to dial"
    }
  }
}

extension Duration {
  /// The duration as people say it, in the largest unit of which it is a whole number.
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
