import Metainfo
import Networking
import Primitives
import Storage

/// An output folder that is ready for a run.
struct PreparedOutput {
  /// The name on disk of the torrent's file or folder, if it differs from the torrent's.
  var diskName: FileName? {
    let name = storage.topName
    return name == storage.torrentName ? nil : name
  }

  let storage: TorrentStorage
  let workers: any WorkerPool
  /// The pieces that were already present.
  let verified: Bitfield

  /// A Boolean value indicating whether the run only seeds.
  let isSeed: Bool
  let geometry: PieceGeometry

  /// The pieces that the exchange is about.
  ///
  /// A seed wants no more than it has, so its board is complete from the start.
  var goal: Bitfield { isSeed ? verified : storage.wanted }

  /// The pieces that a partial seed lacks and does not fetch.
  var lacking: (pieces: Int, bytes: Int64) {
    guard isSeed else { return (0, 0) }
    var missing = storage.wanted
    verified.forEach { missing.remove($0) }
    return (missing.population, geometry.bytes(of: missing))
  }

  /// A Boolean value indicating whether every selected piece was present.
  var isComplete: Bool { !verified.lacksAny(of: storage.wanted) }

  /// Ends a run whose data was complete beforehand.
  @Reactor
  func summary(
    of torrent: TorrentMetainfo, duration: Duration, events: EventSink
  ) async -> DownloadSummary {
    await close()
    let progress = ProgressSnapshot.complete(torrent.geometry, wanted: storage.wanted)
    events.send(.progress(progress))
    events.send(.completed)
    return DownloadSummary(
      alreadyComplete: true, duration: duration, seedingTime: .zero, progress: progress,
      bannedPeers: [], diskName: diskName)
  }

  /// Closes the files without having changed any.
  @Reactor
  func close() async {
    let storage = storage
    // Nothing was written, so ignoring an error on closing loses nothing.
    await workers.run { try? storage.close() }
  }
}

/// The first phase of a run, which inspects the output folder, checks its data and claims it.
@Reactor
struct OutputPreparation {
  let torrent: TorrentMetainfo
  let options: TorrentOptions
  let environment: Environment
  let openFiles: OpenFileBudget
  let events: EventSink
  let interruption: Interruption

  /// Prepares the output of a run.
  init(_ run: TorrentRun, _ torrent: TorrentMetainfo) {
    self.init(
      torrent: torrent, options: run.options, environment: run.session.environment,
      openFiles: run.session.openFiles, events: run.events, interruption: run.interruption)
  }

  init(
    torrent: TorrentMetainfo, options: TorrentOptions, environment: Environment,
    openFiles: OpenFileBudget, events: EventSink, interruption: Interruption
  ) {
    self.torrent = torrent
    self.options = options
    self.environment = environment
    self.openFiles = openFiles
    self.events = events
    self.interruption = interruption
  }

  func prepare() async throws(DownloadError) -> PreparedOutput {
    events.send(
      .started(
        RunFacts(
          name: torrent.name, infoHash: torrent.infoHash,
          totalLength: torrent.geometry.totalLength, pieceCount: torrent.geometry.pieceCount,
          folder: options.output.folder)))
    // A seed serves all data that is present, whatever was selected.
    let storage = await makeStorage { if options.content.seedsOnly { $0.selection = .all } }
    do throws(DownloadError) {
      return try await prepare(storage)
    } catch {
      await letGo(storage)
      throw error
    }
  }

  /// Checks every selected piece without changing anything.
  func verify() async -> Result<VerificationReport, DownloadError> {
    let storage = await makeStorage { $0.readsNeighbours = true }
    var result: Result<VerificationReport, DownloadError>
    do throws(DownloadError) {
      let inspection = try await onWorker { () throws(StorageError) in
        try storage.inspect(trustsState: false)
      }
      let verified = try await check(storage, inspection.doubtful)
      result = .success(storage.report(verified: verified))
    } catch {
      result = .failure(error)
    }
    if interruption.isStopped { result = .failure(.cancelled) }
    await letGo(storage)
    return result
  }

  private func makeStorage(
    _ change: (inout StorageOptions) -> Void = { _ in }
  ) async -> TorrentStorage {
    var changed = options.storage
    change(&changed)
    let (torrent, folder, storage) = (torrent, options.output.folder, changed)
    let (files, openFiles) = (environment.files, openFiles)
    let made = await environment.workers.run {
      TorrentStorage(
        torrent: torrent, folder: folder, options: storage, fileSystem: files,
        openFiles: openFiles)
    }
    for change in made.nameChanges { events.send(.fileRenamed(change)) }
    return made
  }

  private func letGo(_ storage: TorrentStorage) async {
    // Either nothing was written or an earlier error explains more than one from closing.
    await environment.workers.run { try? storage.close() }
  }

  private func prepare(
    _ storage: TorrentStorage
  ) async throws(DownloadError) -> PreparedOutput {
    let trustsState = !options.output.checksEverything
    let inspection = try await onWorker { () throws(StorageError) in
      try storage.inspect(trustsState: trustsState)
    }
    var verified = inspection.trusted
    if inspection.mayHaveData {
      try await check(storage, inspection.doubtful).forEach { verified.insert($0) }
    }
    if inspection.mayHaveData || !verified.isEmpty {
      events.send(.checked(verifiedBytes: torrent.geometry.bytes(of: verified)))
    }
    if interruption.isStopped { throw .cancelled }
    let output = PreparedOutput(
      storage: storage, workers: environment.workers, verified: verified,
      isSeed: options.content.seedsOnly, geometry: torrent.geometry)
    let (found, isComplete) = (verified, output.isComplete)
    if options.content.seedsOnly {
      if verified.isEmpty { throw .nothingToSeed(pieceCount: torrent.geometry.pieceCount) }
      // A seed changes no file, except that it completes a run that died just before its end.
      guard isComplete, storage.isInPlace else { return output }
    }
    try await onWorker { () throws(StorageError) in
      try storage.prepare(verified: found)
      // This creates empty files, and completes a run that died just before its end.
      if isComplete { try storage.finish(verified: found) }
    }
    return output
  }

  private func check(
    _ storage: TorrentStorage, _ pieces: Bitfield
  ) async throws(DownloadError) -> Bitfield {
    let check = DataCheck(
      storage: storage, geometry: torrent.geometry, workers: environment.workers,
      workerCount: environment.workerCount)
    do {
      return try await check.run(pieces, isStopped: { interruption.isStopped }) { done, total in
        events.send(.checking(done: done, total: total))
      }
    } catch {
      throw .storage(error)
    }
  }

  private func onWorker<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StorageError) -> Value
  ) async throws(DownloadError) -> Value {
    let result = await environment.workers.run { () -> Result<Value, StorageError> in
      do throws(StorageError) {
        return .success(try body())
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error): throw .storage(error)
    }
  }
}
