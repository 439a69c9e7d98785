import Download
import Metainfo
import Storage

/// `swift-torrent verify SOURCE…`: compares data on disk with torrents, without changing it.
enum VerifyCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    try await EachSource.run(try EachSource.entries(of: invocation), invocation) {
      _, entry, session throws(CommandFailure) in
      try await verify(entry, invocation, session)
    }
  }

  private static func verify(
    _ entry: InputList.Entry, _ invocation: Invocation, _ session: RunSession
  ) async throws(CommandFailure) -> ExitStatus {
    let loaded = try await SourceLoader.load(entry.source, invocation, session)
    let torrent = loaded.torrent
    let streams = invocation.streams
    var own = invocation.torrent
    if let folder = entry.folder { own.output.folder = folder }
    own.content.selection = try loaded.selection(invocation.selection)
    let verification = TorrentVerification(torrent: torrent, options: own)
    let outcome = await Termination.guarding(stop: verification.stop) {
      await check(verification, name: torrent.name, streams)
    }
    let found: VerificationReport
    switch outcome {
    case .success(let report)?: found = report
    case .failure(let error)?:
      throw CommandFailure(error, session: session.options, output: own.output)
    case nil: return .failure
    }
    let report = VerifyReport(torrent: torrent, folder: own.output.folder, found: found)
    if streams.json {
      try Console.result(report.json.text + "\n")
    } else if !found.isIntact || streams.verbosity != .quiet {
      try Console.result(report.text)
    }
    return found.isIntact ? .success : .verificationFailed
  }

  /// Runs the check and shows its progress.
  private static func check(
    _ verification: TorrentVerification, name: String, _ streams: StreamOptions
  ) async -> Result<VerificationReport, DownloadError> {
    var display = ProgressDisplay(streams)
    display.begin(0, name: name, isSeeding: false)
    defer { display.close() }
    async let ending = result(of: verification)
    for await event in verification.events { display.show(event, of: 0) }
    return await ending
  }

  private static func result(
    of verification: TorrentVerification
  ) async -> Result<VerificationReport, DownloadError> {
    do throws(DownloadError) {
      return .success(try await verification.run())
    } catch {
      return .failure(error)
    }
  }
}
