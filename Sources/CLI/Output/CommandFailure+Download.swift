package import Download
import Metainfo
package import Storage

extension CommandFailure {
  private static let resumption = "run the same command again to resume"

  /// Creates a failure from the error of a download, with its exit status and advice.
  package init(_ error: DownloadError, session: SessionOptions, output: OutputOptions) {
    switch error {
    case .storage(let reason):
      self.init(storage: reason, message: error.description)
    case .cancelled:
      self.init(.failure, error.description)
    case .alreadyRunning:
      self.init(.outputInUse, error.description)
    case .nothingToSeed:
      self.init(
        .verificationFailed, error.description,
        hint:
          "looked in '\(output.folder)': name the folder that holds the data with -o DIR, "
          + "or download the torrent first")
    case .listenFailed:
      self.init(
        .networkFailure, error.description,
        hint: session.bindAddresses.first.map {
          "\($0) (--bind) must be an address of this machine, and the port (--port) must be free"
        } ?? "choose another port with --port, or leave it out")
    case .deadlinePassed, .stalled, .noPeers:
      self.init(
        .deadlinePassed, error.description, hint: Self.resumption)
    case .noMetadata:
      self.init(
        .deadlinePassed, error.description,
        hint: "name a tracker (--tracker) or a peer (--peer), or allow more time "
          + "(--metadata-timeout)")
    case .badMetadata(let reason):
      self.init(reason.isBadBencode ? .badBencode : .badTorrent, error.description)
    case .tooSlow(let rate, let floor):
      self.init(
        .tooSlow,
        "too slow: \(ByteText.rate(Double(rate))) over the last \(floor.duration.words), but "
          + "--min-speed is \(ByteText.rate(Double(floor.bytesPerSecond)))",
        hint: Self.resumption)
    case .networkFailure:
      self.init(.networkFailure, error.description)
    case .noPeerSource:
      self.init(
        .networkFailure, error.description,
        hint: "name a tracker (--tracker), a peer (--peer), or a port that peers know (--port)")
    }
  }

  /// Creates a failure from an error of the files, with its exit status and advice.
  package init(storage error: StorageError) {
    self.init(storage: error, message: "\(error)")
  }

  private init(storage error: StorageError, message: String) {
    switch error {
    case .outputExists, .foreignState:
      self.init(
        .outputExists, message,
        hint:
          "nothing was changed; choose another folder (-o DIR) or allow the change (--overwrite)")
    case .hardLinked:
      self.init(.outputExists, message)
    case .locked:
      self.init(.outputInUse, message)
    case .diskFull:
      self.init(.diskFull, message, hint: Self.resumption)
    default:
      self.init(.inputOutputFailure, message)
    }
  }
}
