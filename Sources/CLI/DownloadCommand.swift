package import Download
import Metainfo
import Storage

/// `swift-torrent FILE` and `swift-torrent seed FILE`: one torrent, from the file to the last byte.
enum DownloadCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    let source = try SourceFile.read(invocation.arguments[0])
    var options = invocation.download
    options.trackers = invocation.trackerTiers(torrentTrackers: source.torrent.trackers)
    let name = source.torrent.name
    let download = TorrentDownload(torrent: source.torrent, options: options)
    let isSeeding = options.keepSeeding
    let outcome = await Termination.guarding(stop: download.stop) {
      await follow(download, name: name, isSeeding: isSeeding, verbosity: invocation.verbosity)
    }
    if case .failure(let error) = outcome { throw CommandFailure(error, options: options) }
  }

  /// Runs the download and shows its events until both have ended.
  private static func follow(
    _ download: TorrentDownload, name: String, isSeeding: Bool, verbosity: Verbosity
  ) async -> Result<DownloadSummary, DownloadError> {
    var display = ProgressDisplay(name: name, isSeeding: isSeeding, verbosity: verbosity)
    async let ending = result(of: download)
    for await event in download.events { display.show(event) }
    let result = await ending
    switch result {
    case .success(let summary):
      display.finish(isSeeding ? nil : display.summary(summary, name: name))
    case .failure(.cancelled) where verbosity != .quiet:
      let saved = isSeeding ? "stopped" : "interrupted; run the same command again to go on"
      display.finish("\(TerminalText.cleaned(name)): \(saved)")
    case .failure:
      display.finish(nil)
    }
    return result
  }

  private static func result(
    of download: TorrentDownload
  ) async -> Result<DownloadSummary, DownloadError> {
    do throws(DownloadError) {
      return .success(try await download.run())
    } catch {
      return .failure(error)
    }
  }
}

extension CommandFailure {
  /// The exit status and the hint for what ended a download.
  package init(_ error: DownloadError, options: DownloadOptions) {
    switch error {
    case .storage(let reason):
      self.init(storage: reason, message: error.description)
    case .cancelled:
      self.init(.failure, error.description)
    case .incomplete:
      self.init(
        .verificationFailed, error.description,
        hint: "looked in '\(options.folder)': name the folder that holds the data with -o DIR, "
          + "or download the torrent first")
    case .listenFailed:
      self.init(
        .networkFailure, error.description, hint: "choose another port with --port, or none")
    }
  }

  private init(storage error: StorageError, message: String) {
    switch error {
    case .outputExists, .foreignState:
      self.init(
        .outputExists, message,
        hint: "nothing was changed; use another folder (-o DIR), or let it be changed: --overwrite")
    case .locked:
      self.init(.outputInUse, message)
    case .diskFull:
      self.init(.diskFull, message, hint: "the same command goes on from what is there")
    default:
      self.init(.inputOutputFailure, message)
    }
  }
}
