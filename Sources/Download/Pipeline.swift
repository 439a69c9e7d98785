import Metainfo
import Networking
import PeerWire
import Primitives
import Storage
import Swarm
import Tracker

/// The parts of a running exchange and their wiring.
///
/// `PieceWork` decides which data is needed, `PeerRoster` fetches it, `PieceVerifier` hashes and
/// writes it, `Announcer` finds peers, and `Pulse` does periodic work. All of them live on the
/// loop.
@Reactor
final class Pipeline: AnnouncerDelegate {
  let torrent: TorrentMetainfo
  let environment: Environment
  let events: EventSink
  let storage: TorrentStorage
  let work: PieceWork
  let roster: PeerRoster
  let verifier: PieceVerifier
  let announcer: Announcer
  /// The local peer discovery; nil if it is off or the torrent is private.
  private(set) var discovery: LocalDiscovery?
  /// The DHT service; nil if it is off or the torrent is private (BEP 27).
  let dht: DHTService?
  let webSeeds: WebSeeds
  private(set) var listeners: [any Listener] = []
  private(set) lazy var pulse = Pulse(pipeline: self)
  let options: DownloadOptions
  /// The time since which the complete data is seeded; nil before, and in a run that does not seed.
  private(set) var seedingSince: Instant?
  /// The time at which the exchange began.
  let began: Instant
  /// The time at which the last piece was verified.
  private(set) var completedAt: Instant?
  /// A closure called when the data is complete and seeding begins.
  var seedingBegan: () -> Void = {}
  private var hasTrackerAnswered = false
  private(set) var failedPieces = 0
  /// The total length of the failed pieces in bytes.
  private var corruptBytes: Int64 = 0
  private var files: FileProgress
  /// The latest report of each tracker, bounded by the number of trackers in use.
  private var trackerReports: [TrackerReport] = []
  /// The snapshot of a run that has everything it wants.
  private let total: ProgressSnapshot
  /// The pieces that a partial seed lacks and does not fetch.
  private let lacking: (pieces: Int, bytes: Int64)
  /// The maximum number of peers taken from one tracker reply.
  ///
  /// It is several times what we ask for, but too few for a tracker to fill the peer book alone.
  private static let peersPerReply = 1000
  private let ended = Wakeup()
  private var result: Result<Void, DownloadError>?

  init(
    torrent: TorrentMetainfo, options: DownloadOptions, environment: Environment,
    output: PreparedOutput, events: EventSink, found: FoundSwarm? = nil
  ) throws(DownloadError) {
    (self.torrent, self.options) = (torrent, options)
    let own = options.torrent
    began = environment.clock.now
    (self.environment, self.events) = (environment, events)
    storage = output.storage
    files = FileProgress(
      layout: torrent.layout, selection: own.content.selection, verified: output.verified)
    let open = found?.takeListeners() ?? []
    listeners = open.isEmpty ? try Self.listen(options, environment.network) : open
    var random = environment.random
    let newID = PeerID.make(prefix: ClientIdentity.peerIDPrefix, using: &random)
    let peerID = found?.peerID ?? newID
    lacking = output.lacking
    work = PieceWork(
      geometry: torrent.geometry, verified: output.verified, wanted: output.goal,
      memoryLimit: options.session.memoryLimit, isSequential: own.content.isSequential,
      random: SeededRandom(seed: random.next()), clock: environment.clock)
    total = .complete(torrent.geometry, wanted: output.storage.wanted)
    roster = PeerRoster(
      settings: .init(
        greeting: PeerGreeting(
          infoHash: torrent.infoHash, ownID: peerID, clock: environment.clock,
          features: options.dht == nil || torrent.isPrivate ? .extensions : [.extensions, .dht]),
        maximumPeers: min(options.session.maximumPeers, environment.connectionLimit),
        pipeline: own.pipeline, downloadLimiter: options.session.downloadLimiter,
        uploadLimiter: options.session.uploadLimiter, metadata: torrent.info.originalBytes,
        exchangesPeers: own.sources.exchangesPeers && !torrent.isPrivate,
        listeningEndpoints: listeners.map(\.endpoint)),
      environment: environment, work: work, storage: storage, events: events)
    verifier = PieceVerifier(
      torrent: torrent, storage: storage, work: work, environment: environment)
    let port = listeners.first?.endpoint.port ?? 0
    let announcerRandom = SeededRandom(seed: random.next())
    let known = found?.takeAnnouncer()
    // A seed starts afresh with trackers that were told, during the metadata fetch, that data is
    // missing.
    announcer =
      (own.content.seedsOnly ? nil : known)
      ?? Announcer(
        tiers: own.sources.trackers ?? torrent.trackers, infoHash: torrent.infoHash,
        peerID: peerID, port: port, http: environment.http, network: environment.network,
        clock: environment.clock, random: announcerRandom,
        announcesToAll: own.sources.announcesToAllTrackers,
        allowsLocalURLs: options.session.allowsLocalURLs)
    trackerReports = found?.trackerReports ?? []
    dht = Self.makeDHT(torrent, options, environment, port: port, state: found?.dhtState ?? [])
    webSeeds = WebSeeds(
      torrent: torrent, options: options, environment: environment, work: work, events: events)
    roster.listeningPort = listeners.first?.endpoint.port
    connectParts()
    if own.sources.usesLocalDiscovery, !torrent.isPrivate {
      discoverLocally(port: port, random: SeededRandom(seed: random.next()))
    }
    if let found { adopt(found) } else { events.send(.listening(port: port)) }
    roster.learn(own.sources.peers, source: .given)
    if !own.content.seedsOnly { for file in files.empty { tellCompleted(file) } }
  }

  private func discoverLocally(port: UInt16, random: SeededRandom) {
    let roster = roster
    discovery = LocalDiscovery(
      infoHash: torrent.infoHash, port: port, environment: environment, random: random
    ) { [weak roster] in roster?.learn([$0], source: .lsd) }
  }

  private func connectParts() {
    roster.dht = dht
    dht?.found = { [unowned self] in roster.learn($0, source: .dht) }
    dht?.joined = { [unowned self] in roster.tellDHTPort() }
    dht?.reports = { [unowned self] in events.send(.dht($0)) }
    dht?.needs = { [unowned self] in
      DHTService.Needs(
        connectedPeers: roster.sessions.count, isSeed: work.board.isComplete,
        hasEveryPiece: work.board.verified.isFull,
        hasWorkingTracker: trackerReports.contains { $0.isWorking })
    }
    announcer.delegate = self
    work.refreshRates = { [unowned self] in
      for session in roster.sessions { session.reportRate(now: environment.clock.now) }
    }
    work.pieceCompleted = { [unowned self] in verifier.submit($0, isUrgent: $1) }
    work.readEnded = { [unowned self] in verifier.processFullBatches() }
    work.pieceAdvanced = { [unowned self] in verifier.advanced($0) }
    work.pieceGivenUp = { [unowned self] in verifier.forget($0) }
    work.isBeingHashed = { [unowned self] in verifier.isBusy($0) }
    if let limiter = options.session.downloadLimiter {
      work.savesDuplicates = { limiter.quota.isReached }
    }
    roster.ranOut = { [unowned self] in announcer.peersRanOut() }
    roster.cancelElsewhere = { [unowned self] in webSeeds.cancel($0, at: $1) }
    webSeeds.makeNumber = { [unowned self] in roster.makeNumber() }
    webSeeds.othersToCancel = { [unowned self] in roster.cancel($0, at: $1) }
    webSeeds.gaveUp = { [unowned self] in
      guard !hasPeerSource, roster.sessions.isEmpty, completedAt == nil else { return }
      finish(.failure(.noPeerSource))
    }
    verifier.needsDigests = { [unowned self] in roster.ledger.needsDigests(of: $0) }
    verifier.judged = { [unowned self] in settle($0) }
  }

  // MARK: - Pieces

  private func tellCompleted(_ file: TorrentFile) {
    let isFlat = options.torrent.output.isFlat && torrent.isMultiFile
    let path = isFlat ? file.path.dropFirst().pathText : file.displayPath
    events.send(.fileCompleted(index: file.index, path: path, length: file.length))
  }

  /// Acts on the verifier's verdict.
  private func settle(_ verdict: PieceVerifier.Verdict) {
    guard result == nil else {
      // The run is ending, but a piece written meanwhile need not be downloaded again.
      if verdict.isGood, verdict.failure == nil { work.verified(verdict.piece) }
      return
    }
    if let failure = verdict.failure { return finish(.failure(.storage(failure))) }
    let piece = verdict.piece
    if verdict.isGood {
      let liars = verdict.blockDigests.map {
        roster.ledger.pieceVerified(piece, digests: $0)
      }
      work.verified(piece)
      for file in files.verified(piece) { tellCompleted(file) }
      roster.announce(piece)
      ban(liars ?? [], piece)
      // A peer that sent correct blocks in a failed attempt at this piece is cleared.
      if liars != nil { updateSuspects() }
      if work.board.isComplete { completed() }
    } else {
      failedPieces += 1
      corruptBytes += Int64(torrent.geometry.length(of: piece))
      let senders = work.board.senders(of: piece)
      events.send(.pieceFailed(piece, senders: roster.endpoints(of: senders)))
      let liars = roster.ledger.pieceFailed(
        piece, senders: senders, digests: verdict.blockDigests ?? [])
      work.failed(piece)
      ban(liars, piece)
      updateSuspects()
    }
  }

  private func updateSuspects() {
    roster.updateSuspects()
    webSeeds.updateSuspects(roster.ledger)
  }

  private func ban(_ liars: [Swarm.PeerNumber], _ piece: PieceIndex) {
    let reason = "sent corrupt data for piece \(piece)"
    for liar in liars {
      if !webSeeds.ban(liar, reason: reason) { roster.ban(liar, reason: reason) }
    }
  }

  // MARK: - The end

  /// Ends the exchange; the first result stays.
  ///
  /// A run that seeds complete data counts as successful when it is stopped.
  func finish(_ outcome: Result<Void, DownloadError>) {
    guard result == nil else { return }
    let isServing = isSeeding || options.torrent.content.seedsOnly
    result = if isServing, case .failure(.cancelled) = outcome { .success(()) } else { outcome }
    ended.fire()
  }

  /// A Boolean value indicating whether complete data is being seeded.
  var isSeeding: Bool { seedingSince != nil }

  /// Handles the verification of the last piece.
  private func completed() {
    completedAt = environment.clock.now
    if SeedingGoal(options) == nil { finish(.success(())) } else { ended.fire() }
  }

  func waitForEnd() async {
    if options.torrent.content.seedsOnly, result == nil { beginSeeding() }
    while result == nil {
      // A cancelled task ends the run as `stop()` does, whichever comes first.
      guard await ended.wait() else { return finish(.failure(.cancelled)) }
      guard result == nil, completedAt != nil, !isSeeding else { continue }
      await finishFiles()
      if result == nil {
        events.send(.progress(snapshot()))
        events.send(.completed)
        beginSeeding()
      }
    }
  }

  /// Starts seeding the complete data.
  private func beginSeeding() {
    seedingSince = environment.clock.now
    let verified = work.board.verified
    events.send(
      .seeding(
        SeedingFacts(
          ratio: options.torrent.limits.seedRatio, time: options.torrent.limits.seedTime,
          verifiedBytes: torrent.geometry.bytes(of: verified),
          totalBytes: torrent.geometry.totalLength,
          missingPieces: verified.count - verified.population)))
    seedingBegan()
    roster.leaveSeeds()
    if completedAt != nil { announcer.completed() }
  }

  /// Brings the files to their final state; a failure ends the run.
  private func finishFiles() async {
    let (storage, verified) = (storage, work.board.verified)
    let failure = await onWorker { () throws(StorageError) in
      try storage.finish(verified: verified)
    }
    if let failure { result = .failure(.storage(failure)) }
  }

  /// Ends every activity; trackers get at most 2 s.
  func closeDown() async {
    for listener in listeners { listener.close() }
    discovery?.stop()
    work.close()
    roster.close()
    webSeeds.close()
    verifier.close()
    pulse.close()
    dht?.stop()
    if case .success = result, !isSeeding, !options.torrent.content.seedsOnly {
      announcer.completed()
      // This precedes the trackers' `stopped`, so that a process killed while a tracker hangs
      // leaves finished files.
      await finishFiles()
    }
    await announcer.stop()
  }

  /// Saves the state of unfinished files and closes them, after all activities have ended.
  func settle() async throws(DownloadError) {
    let (storage, verified) = (storage, work.board.verified)
    let isServingOnly = options.torrent.content.seedsOnly
    let failure = await onWorker { () throws(StorageError) in
      if !isServingOnly, verified.lacksAny(of: storage.wanted) {
        try storage.suspend(verified: verified)
      }
      try storage.close()
    }
    if case .failure(let error) = result { throw error }
    if let failure { throw .storage(failure) }
  }

  private func onWorker(
    _ body: @escaping @Sendable () throws(StorageError) -> Void
  ) async -> StorageError? {
    await environment.workers.run {
      do throws(StorageError) {
        try body()
        return nil
      } catch {
        return error
      }
    }
  }

  // MARK: - Trackers

  /// The totals that trackers are told.
  ///
  /// `left` counts every missing byte of the torrent, selected or not, because a tracker takes a peer
  /// with nothing left for a seed of the whole torrent.
  var totals: TransferTotals {
    let progress = snapshot()
    return TransferTotals(
      uploaded: progress.uploadedBytes, downloaded: progress.downloadedBytes,
      left: torrent.geometry.totalLength - torrent.geometry.bytes(of: work.board.verified))
  }

  /// A Boolean value indicating whether everything wanted is present, but not the whole torrent.
  var isPartialSeed: Bool { work.board.isComplete && !work.board.verified.isFull }

  var needsPeers: Bool { roster.sessions.isEmpty && !roster.book.hasCandidates }

  func announcer(found peers: [Endpoint], from tracker: String) {
    roster.learn(Array(peers.prefix(Self.peersPerReply)), source: .tracker)
  }

  /// A Boolean value indicating whether there is any source of peers, or a well-known port.
  var hasPeerSource: Bool {
    announcer.hasTrackers || roster.book.knownCount > 0 || options.session.port != 0
      || webSeeds.hasUsable || dht != nil || discovery != nil
  }

  /// A Boolean value indicating whether a tracker, a peer or a web seed has ever answered.
  var hasReachedAnybody: Bool {
    hasTrackerAnswered || roster.hasMetAnybody || webSeeds.haveDelivered
  }

  func announcer(reports report: TrackerReport) {
    if case .working = report.state { hasTrackerAnswered = true }
    if let address = report.externalAddress { roster.seen(at: address) }
    if let index = trackerReports.firstIndex(where: { $0.url == report.url }) {
      // A new announce does not replace the last result until it is answered.
      if report.state != .announcing { trackerReports[index] = report }
    } else {
      trackerReports.append(report)
    }
    events.send(.tracker(report))
  }

  // MARK: - Progress

  /// Returns a snapshot of the run.
  func snapshot() -> ProgressSnapshot {
    let now = environment.clock.now
    var progress = roster.traffic(now: now)
    webSeeds.add(to: &progress, now: now)
    progress.totalBytes = total.totalBytes
    progress.verifiedBytes = total.totalBytes - lacking.bytes - work.board.remainingBytes
    progress.wastedBytes += corruptBytes
    progress.exchangeTime = (completedAt ?? now) - began
    progress.pieceCount = total.pieceCount
    progress.verifiedPieces = total.pieceCount - lacking.pieces - work.board.missingPieceCount
    progress.drawMap(of: work.board.verified)
    progress.failedPieces = failedPieces
    progress.trackers = trackerReports
    progress.dhtNodes = dht?.nodeCount
    if progress.downloadRate >= 1 {
      progress.eta = .seconds(Double(work.board.remainingBytes) / progress.downloadRate)
    }
    return progress
  }

  /// Returns the summary of a successful run.
  func summary(since start: Instant) -> DownloadSummary {
    let now = environment.clock.now
    return DownloadSummary(
      alreadyComplete: false, duration: now - start,
      seedingTime: seedingSince.map { now - $0 } ?? .zero, progress: snapshot(),
      bannedPeers: roster.bannedPeers)
  }
}
