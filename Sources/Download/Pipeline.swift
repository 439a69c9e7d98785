import Glibc
import Metainfo
import Networking
import PeerWire
import Primitives
import Storage
import Swarm
import Tracker

/// The parts of one running exchange, and the wires between them.
///
/// `PieceWork` says what is needed, `PeerRoster` brings it, `PieceVerifier` judges and keeps it,
/// `Announcer` finds peers, `Pulse` keeps time. All of them live on the loop.
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
  private(set) var listeners: [any Listener] = []
  private(set) lazy var pulse = Pulse(pipeline: self)
  private(set) var failedPieces = 0
  /// How many peers one reply of a tracker may add: several times what we ask for, but not so many
  /// that one tracker could fill the book with strangers.
  private static let peersPerReply = 1000
  private let ended = Wakeup()
  private var result: Result<Void, DownloadError>?

  init(
    torrent: TorrentMetainfo, options: DownloadOptions, environment: Environment,
    output: PreparedOutput, events: EventSink
  ) throws(DownloadError) {
    self.torrent = torrent
    self.environment = environment
    self.events = events
    storage = output.storage
    var random = environment.random
    let peerID = PeerID.make(prefix: ClientIdentity.peerIDPrefix, using: &random)
    work = PieceWork(
      geometry: torrent.geometry, verified: output.verified, memoryLimit: options.memoryLimit,
      random: SeededRandom(seed: random.next()))
    roster = PeerRoster(
      settings: .init(
        greeting: PeerGreeting(
          infoHash: torrent.infoHash, ownID: peerID, clock: environment.clock),
        maximumPeers: min(options.maximumPeers, environment.connectionLimit),
        pipeline: options.pipeline,
        keepsSeeding: options.keepSeeding),
      environment: environment, work: work, storage: storage, events: events)
    verifier = PieceVerifier(
      torrent: torrent, storage: storage, workers: environment.pieceWorkers, work: work)
    let listening = try Self.listen(options, environment.network)
    listeners = listening
    let port = listening.first?.endpoint.port ?? 0
    announcer = Announcer(
      tiers: options.trackers ?? torrent.trackers, infoHash: torrent.infoHash, peerID: peerID,
      port: port, http: environment.http, clock: environment.clock,
      random: SeededRandom(seed: random.next()))
    connectParts()
    events.send(.listening(port: port))
    roster.learn(options.peers, source: .given)
  }

  private func connectParts() {
    announcer.delegate = self
    work.pieceCompleted = { [unowned self] in verifier.submit($0) }
    roster.ranOut = { [unowned self] in announcer.peersRanOut() }
    verifier.needsDigests = { [unowned self] in roster.ledger.needsDigests(of: $0) }
    verifier.judged = { [unowned self] in settle($0) }
  }

  /// Listens at every address that the machine has; the first decides the port of all.
  ///
  /// A machine need not have every kind of address. But a port that the user has chosen and that
  /// somebody else has is an error, even if it is free at another address: peers would find them.
  private static func listen(
    _ options: DownloadOptions, _ network: any Network
  ) throws(DownloadError) -> [any Listener] {
    var listeners: [any Listener] = []
    var failure: NetworkError?
    for address in options.listenAddresses {
      let port = listeners.first?.endpoint.port ?? options.port
      do throws(NetworkError) {
        listeners.append(try network.listen(at: Endpoint(address: address, port: port)))
      } catch {
        failure = failure ?? error
        if options.port != 0, case .system(_, EADDRINUSE) = error {
          for listener in listeners { listener.close() }
          throw .listenFailed("port \(options.port): \(error)")
        }
      }
    }
    if listeners.isEmpty, let failure { throw .listenFailed("\(failure)") }
    return listeners
  }

  // MARK: - Pieces

  /// Acts on what the verifier found.
  private func settle(_ verdict: PieceVerifier.Verdict) {
    guard result == nil else {
      // The run ends, but what was written meanwhile need not be fetched again.
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
      roster.announce(piece)
      ban(liars ?? [], piece)
      // Who took part in a bad try of this piece and told the truth is cleared by it.
      if liars != nil { roster.updateSuspects() }
      if work.board.isComplete { finish(.success(())) }
    } else {
      failedPieces += 1
      let senders = work.board.senders(of: piece)
      events.send(.pieceFailed(piece, senders: roster.endpoints(of: senders)))
      let liars = roster.ledger.pieceFailed(
        piece, senders: senders, digests: verdict.blockDigests ?? [])
      work.failed(piece)
      ban(liars, piece)
      roster.updateSuspects()
    }
  }

  private func ban(_ liars: [Swarm.PeerNumber], _ piece: PieceIndex) {
    for liar in liars { roster.ban(liar, reason: "sent corrupt data for piece \(piece)") }
  }

  // MARK: - The end

  /// Ends the exchange with this result; the first one stays.
  func finish(_ outcome: Result<Void, DownloadError>) {
    guard result == nil else { return }
    result = outcome
    ended.fire()
  }

  func waitForEnd() async {
    // A cancelled task ends the run as `stop()` does, whichever of the two is heard of first.
    if await !ended.wait() { finish(.failure(.cancelled)) }
  }

  /// Ends every activity; trackers get 2 s at most.
  func closeDown() async {
    for listener in listeners { listener.close() }
    work.close()
    roster.close()
    verifier.close()
    pulse.close()
    if case .success = result {
      announcer.completed()
      // Before the farewell: who is killed while a tracker hangs has a finished download.
      let storage = storage
      let failure = await onWorker { () throws(StorageError) in try storage.finish() }
      if let failure { result = .failure(.storage(failure)) }
    }
    await announcer.stop()
  }

  /// After all activities have ended: what is unfinished is noted, and the files are closed.
  func settle(keepSeeding: Bool) async throws(DownloadError) {
    let (storage, verified) = (storage, work.board.verified)
    let failure = await onWorker { () throws(StorageError) in
      if !verified.isFull { try storage.saveProgress(verified: verified) }
      try storage.close()
    }
    if case .failure(let error) = result, !(keepSeeding && error == .cancelled) { throw error }
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

  var totals: TransferTotals {
    let progress = snapshot()
    return TransferTotals(
      uploaded: progress.uploadedBytes, downloaded: progress.downloadedBytes,
      left: work.board.remainingBytes)
  }

  var needsPeers: Bool { roster.sessions.isEmpty && !roster.book.hasCandidates }

  func announcer(found peers: [Endpoint], from tracker: String) {
    roster.learn(Array(peers.prefix(Self.peersPerReply)), source: .tracker)
  }

  func announcer(reports report: TrackerReport) {
    events.send(.tracker(report))
  }

  // MARK: - Progress

  /// Where the run stands now.
  func snapshot() -> ProgressSnapshot {
    let now = environment.clock.now
    var progress = roster.traffic(now: now)
    progress.totalBytes = torrent.geometry.totalLength
    progress.verifiedBytes = torrent.geometry.totalLength - work.board.remainingBytes
    progress.pieceCount = torrent.geometry.pieceCount
    progress.verifiedPieces = work.board.verified.population
    progress.failedPieces = failedPieces
    if progress.downloadRate >= 1 {
      progress.eta = .seconds(Double(work.board.remainingBytes) / progress.downloadRate)
    }
    return progress
  }
}

extension ProgressSnapshot {
  /// The state of a torrent of which everything is there.
  static func complete(_ geometry: PieceGeometry) -> ProgressSnapshot {
    var progress = ProgressSnapshot()
    progress.totalBytes = geometry.totalLength
    progress.verifiedBytes = geometry.totalLength
    progress.pieceCount = geometry.pieceCount
    progress.verifiedPieces = geometry.pieceCount
    return progress
  }
}
