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

  /// One clause that says what was wrong.
  public var description: String {
    switch self {
    case .storage(let error): "\(error)"
    case .cancelled: "stopped before the download was complete"
    case .incomplete(let missing): "\(missing) pieces are missing, so there is nothing to seed"
    case .listenFailed(let reason): "cannot listen for peers: \(reason)"
    }
  }
}
