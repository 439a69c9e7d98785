import Download
import Metainfo
import Primitives
import Storage

/// `swift-torrent verify SOURCE`: whether the data on disk is what the torrent says; reads only.
enum VerifyCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    let torrent = try await SourceLoader.load(SourceArgument(invocation.arguments[0]))
    let folder = invocation.download.folder
    let streams = invocation.streams
    var chosen = StorageOptions()
    chosen.isFlat = invocation.download.isFlat
    let options = chosen
    let outcome = await Termination.guarding {
      await check(torrent, folder: folder, options, streams)
    }
    let findings: VerifyFindings
    switch outcome {
    case .success(let found)?: findings = found
    case .failure(let failure)?: throw failure
    case nil: return .failure
    }
    let report = VerifyReport(torrent: torrent, folder: folder, findings: findings)
    if streams.json {
      try Console.result(report.json.text + "\n")
    } else if !findings.isComplete || streams.verbosity != .quiet {
      try Console.result(report.text)
    }
    return findings.isComplete ? .success : .verificationFailed
  }

  private static func check(
    _ torrent: TorrentMetainfo, folder: String, _ options: StorageOptions,
    _ streams: StreamOptions
  ) async -> Result<VerifyFindings, CommandFailure> {
    let storage = TorrentStorage(torrent: torrent, folder: folder, options: options)
    let inspection: Inspection
    do throws(StorageError) {
      inspection = try storage.inspect(trustsState: false)
    } catch {
      return .failure(CommandFailure(storage: error))
    }
    var display = ProgressDisplay(streams)
    display.begin(0, name: torrent.name, isSeeding: false)
    defer { display.close() }
    let geometry = torrent.geometry
    let wanted = storage.wanted
    let holes = HoleMap()
    var verified = Bitfield(count: geometry.pieceCount)
    var done: Int64 = 0
    let failure = await Stretches.forEach(
      of: geometry.pieceCount, step: Stretches.step(pieceLength: geometry.pieceLength)
    ) { range in
      do throws(StorageError) {
        return .success(try storage.checkPieces(range, of: wanted, holes: holes))
      } catch {
        return .failure(CommandFailure(storage: error))
      }
    } collect: { range, pieces in
      for piece in pieces { verified.insert(piece) }
      for number in range { done += Int64(geometry.length(of: PieceIndex(number))) }
      display.show(.checking(done: done, total: geometry.totalLength), of: 0)
    }
    do throws(StorageError) {
      try storage.close()
    } catch {
      return .failure(CommandFailure(storage: error))
    }
    if let failure { return .failure(failure) }
    return .success(
      VerifyFindings(torrent: torrent, inspection: inspection, verified: verified))
  }
}
