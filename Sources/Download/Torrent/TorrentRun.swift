import Metainfo
import Networking
import Primitives
import Storage
import Swarm
import Tracker

/// One torrent's run on the loop, from a magnet link or a .torrent to verified files, or to seeding
/// them.
///
/// `run` is the contents page: it goes through the phases and names every activity. The swarm, the
/// announcer and everything else stay from the first phase to the last one, so nothing is handed
/// over.
@Reactor
final class TorrentRun {
  let infoHash: InfoHash
  let session: SessionCore
  let events: EventSink
  let interruption: Interruption
  private(set) var options: TorrentOptions
  private(set) lazy var swarm = TorrentSwarm(
    infoHash: infoHash, session: session, events: events, owner: self, options: options,
    random: random.fork())
  private(set) lazy var pulse = Pulse(run: self)
  let announcer: Announcer
  /// The facts that the run tells: trackers, totals and files.
  var account = RunAccount()
  /// The files that are fetched first.
  weak var preference: FilePreference?
  /// The torrent, once it is known.
  private(set) var torrent: TorrentMetainfo?
  /// The time since which complete data is seeded; nil before, and in a run that does not seed.
  private(set) var seedingSince: Instant?
  private var random: SeededRandom
  private let ended = Wakeup()
  private(set) var result: Result<Void, DownloadError>?

  init(
    source: TorrentSource, options: TorrentOptions, session: SessionCore, events: EventSink,
    interruption: Interruption
  ) {
    infoHash = source.infoHash
    self.session = session
    self.options = options
    self.events = events
    self.interruption = interruption
    random = session.makeRandom()
    announcer = Announcer(
      tiers: options.sources.trackers ?? source.trackers, infoHash: source.infoHash,
      peerID: session.peerID, port: session.port, trackers: session.trackers,
      network: session.environment.network, clock: session.environment.clock,
      random: random.fork(),
      // The trackers of a link have no order, and the search depends on the first peer found.
      announcesToAll: source.isMagnet || options.sources.announcesToAllTrackers)
    switch source {
    case .torrent(let torrent): self.torrent = torrent
    case .magnet(let link): account.claimedLength = link.length
    }
    announcer.delegate = self
    interruption.target = self
    if interruption.isStopped { interrupted() }
  }

  var clock: any LoopClock { session.environment.clock }

  // MARK: - The phases

  /// Runs the phases of a torrent that is known: check, exchange, finish.
  func run() async throws(DownloadError) -> DownloadSummary {
    guard let torrent else { throw .cancelled }
    // Nothing on disk is touched for a torrent that the session runs already.
    guard !session.runs(infoHash) else { throw .alreadyRunning }
    let start = clock.now
    let output = try await OutputPreparation(self, torrent).prepare()
    if output.isComplete, !options.content.seedsOnly {
      return await output.summary(of: torrent, duration: clock.now - start, events: events)
    }
    if torrent.isPrivate { swarm.becomePrivate() }
    swarm.gate.learn(options.sources.peers, source: .given)
    begin(torrent, output)
    await withDiscardingTaskGroup { group in
      startSearching(in: &group)
      startExchanging(in: &group)
      await waitForEnd()
      await closeDown()
    }
    return try await settle(output, since: start)
  }

  /// Runs the phases of a torrent whose metadata comes from peers.
  ///
  /// - Parameters:
  ///   - link: The magnet link.
  ///   - choose: Returns the options for the torrent that was found; nil to stop.
  /// - Throws: The reason why the run ended without its result.
  /// - Returns: The summary.
  func run(
    _ link: MagnetLink, choose: @escaping @Sendable (TorrentMetainfo) async -> TorrentOptions?
  ) async throws(DownloadError) -> DownloadSummary {
    let start = clock.now
    var outcome: Result<PreparedOutput?, DownloadError> = .success(nil)
    swarm.gate.learn(options.sources.peers, source: .given)
    await withDiscardingTaskGroup { group in
      startSearching(in: &group)
      do throws(DownloadError) {
        let torrent = try await find(link)
        // A choice may ask a person, who takes a while; a stop need not wait for the answer.
        let choice = await withTaskGroup(of: TorrentOptions?.self) { choice in
          choice.addTask { await choose(torrent) }
          choice.addTask {
            while await self.result == nil, await self.ended.wait() {}
            return nil
          }
          defer { choice.cancelAll() }
          return await choice.next() ?? nil
        }
        guard let chosen = choice else { throw .cancelled }
        adopt(torrent, chosen)
        let output = try await OutputPreparation(self, torrent).prepare()
        outcome = .success(output)
        if output.isComplete, !options.content.seedsOnly {
          finish(.success(()))
        } else {
          begin(torrent, output)
          startExchanging(in: &group)
          // Trackers were told that data is missing.
          if options.content.seedsOnly { announcer.startAnew() }
          await waitForEnd()
        }
      } catch {
        outcome = .failure(error)
        finish(.failure(error))
      }
      await closeDown()
    }
    guard let output = try outcome.get(), let torrent else { throw .cancelled }
    if swarm.content == nil {
      return await output.summary(of: torrent, duration: clock.now - start, events: events)
    }
    return try await settle(output, since: start)
  }

  /// Only fetches the metadata.
  func fetch(_ link: MagnetLink) async throws(DownloadError) -> TorrentMetainfo {
    var outcome: Result<TorrentMetainfo, DownloadError> = .failure(.cancelled)
    swarm.gate.learn(options.sources.peers, source: .given)
    await withDiscardingTaskGroup { group in
      startSearching(in: &group)
      do throws(DownloadError) {
        outcome = .success(try await find(link))
      } catch {
        outcome = .failure(error)
      }
      finish(.failure(.cancelled))
      await closeDown()
    }
    return try outcome.get()
  }

  /// Starts the activities that find and connect peers.
  private func startSearching(in group: inout DiscardingTaskGroup) {
    account.began = clock.now
    guard session.join(self) else { return finish(.failure(.alreadyRunning)) }
    events.send(session.listening)
    let (announcer, swarm, pulse) = (announcer, swarm, pulse)
    // Finds peers through trackers and keeps the trackers informed.
    group.addTask { await announcer.run() }
    // Dials peers and runs a connection for each: claimer, reader and server.
    group.addTask { await swarm.gate.run() }
    // Updates rates, late blocks, progress and the saved state.
    group.addTask { await pulse.beat() }
  }

  /// Starts the activities that exchange pieces.
  private func startExchanging(in group: inout DiscardingTaskGroup) {
    guard let content = swarm.content else { return }
    // Downloads ranges from web seeds, over a few connections to each.
    group.addTask { await content.webSeeds.run() }
    // Hashes and writes pieces while the next ones arrive.
    for batcher in 0..<PieceVerifier.batchers {
      group.addTask { await content.verifier.run(batcher: batcher) }
    }
  }

  // MARK: - Metadata

  /// Waits until the swarm has sent the metadata.
  private func find(_ link: MagnetLink) async throws(DownloadError) -> TorrentMetainfo {
    let search = MetadataSearch(infoHash: infoHash, swarm: swarm, random: random.fork())
    swarm.metadata = search
    if let result, case .failure(let error) = result { throw error }
    if !hasPeerSource, link.peers.isEmpty { throw .noPeerSource }
    let bytes = try await search.result(
      of: link, within: options.limits.deadlines.metadata)
    do throws(MetainfoError) {
      let found = TorrentMetainfo(try TorrentInfo(bytes: bytes), link: link)
      torrent = found
      if found.isPrivate { swarm.becomePrivate() }
      session.rulesChanged(for: self)
      return found
    } catch {
      throw .badMetadata(error)
    }
  }

  /// Goes on with the torrent that was found, and with the options for it.
  private func adopt(_ torrent: TorrentMetainfo, _ chosen: TorrentOptions) {
    self.torrent = torrent
    options = chosen
    announcer.announcesToAll = chosen.sources.announcesToAllTrackers
    swarm.choose(chosen, isPrivate: torrent.isPrivate)
    session.rulesChanged(for: self)
    swarm.gate.learn(chosen.sources.peers, source: .given)
  }

  // MARK: - Check and exchange

  /// Begins the exchange of pieces.
  private func begin(_ torrent: TorrentMetainfo, _ output: PreparedOutput) {
    account.begin(torrent, options, output, now: clock.now)
    let buffers = PieceBuffers(
      geometry: torrent.geometry, memory: session.memory, torrent: infoHash)
    let content = SwarmContent(
      torrent: torrent, storage: output.storage, buffers: buffers,
      verifier: PieceVerifier(
        torrent: torrent, storage: output.storage, swarm: swarm,
        environment: session.environment),
      webSeeds: WebSeeds(torrent: torrent, options: options, swarm: swarm, buffers: buffers))
    swarm.begin(content, wanted: output.goal, verified: output.verified)
    if usesDHT {
      session.add(
        dhtNodes: torrent.nodes.map {
          $0.host.contains(":") ? "[\($0.host)]:\($0.port)" : "\($0.host):\($0.port)"
        })
    }
    preference?.apply()
    pulse.watchDeadlines()
    guard !options.content.seedsOnly else { return }
    for event in account.emptyFiles { events.send(event) }
    if !hasPeerSource { finish(.failure(.noPeerSource)) }
  }

  // MARK: - The end

  /// Ends the run; the first result stays.
  ///
  /// A run that seeds complete data counts as successful when it is stopped.
  func finish(_ outcome: Result<Void, DownloadError>) {
    guard result == nil else { return }
    let isServing = isSeeding || options.content.seedsOnly && swarm.content != nil
    result = if isServing, case .failure(.cancelled) = outcome { .success(()) } else { outcome }
    if case .failure(let error) = outcome { swarm.metadata?.giveUp(error) }
    ended.fire()
  }

  /// A Boolean value indicating whether complete data is being seeded.
  var isSeeding: Bool { seedingSince != nil }

  /// Handles the verification of the last piece.
  func completed() {
    account.completedAt = clock.now
    if SeedingGoal(options) == nil { finish(.success(())) } else { ended.fire() }
  }

  private func waitForEnd() async {
    if options.content.seedsOnly, result == nil { beginSeeding() }
    while result == nil {
      // A cancelled task ends the run as a stop does, whichever comes first.
      guard await ended.wait() else { return finish(.failure(.cancelled)) }
      guard result == nil, account.completedAt != nil, !isSeeding else { continue }
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
    guard let torrent else { return }
    seedingSince = clock.now
    interruption.disarm()
    let verified = swarm.exchange.board.verified
    events.send(
      .seeding(
        SeedingFacts(
          ratio: options.limits.seedRatio, time: options.limits.seedTime,
          verifiedBytes: torrent.geometry.bytes(of: verified),
          totalBytes: torrent.geometry.totalLength,
          missingPieces: verified.count - verified.population)))
    swarm.beginSeeding()
    if account.completedAt != nil { announcer.completed() }
  }

  /// Brings the files to their final state; a failure ends the run.
  private func finishFiles() async {
    guard let storage = swarm.content?.storage else { return }
    let verified = swarm.exchange.board.verified
    let failure = await session.environment.workers.attempt { () throws(StorageError) in
      try storage.finish(verified: verified)
    }
    if let failure { result = .failure(.storage(failure)) }
  }

  /// Ends every activity; trackers get at most 2 s.
  private func closeDown() async {
    swarm.close()
    swarm.content?.webSeeds.close()
    swarm.content?.verifier.close()
    pulse.close()
    if case .success = result, swarm.content != nil, !isSeeding, !options.content.seedsOnly {
      announcer.completed()
      // This precedes the trackers' `stopped`, so that a process killed while a tracker hangs
      // leaves finished files.
      await finishFiles()
    }
    await announcer.stop()
    session.leave(self)
  }

  /// Saves the state of unfinished files and closes them, after all activities have ended.
  private func settle(
    _ output: PreparedOutput, since start: Instant
  ) async throws(DownloadError) -> DownloadSummary {
    let (storage, verified) = (output.storage, swarm.exchange.board.verified)
    let mustSuspend =
      swarm.content != nil && !options.content.seedsOnly && verified.lacksAny(of: storage.wanted)
    let workers = session.environment.workers
    var failure: StorageError?
    if mustSuspend {
      failure = await workers.attempt { () throws(StorageError) in
        try storage.suspend(verified: verified)
      }
    }
    // The lock must be released even if the state cannot be saved, as on a full disk.
    let late = await workers.attempt { () throws(StorageError) in try storage.close() }
    failure = failure ?? late
    if case .failure(let error) = result { throw error }
    if let failure { throw .storage(failure) }
    let progress = snapshot()
    events.send(.progress(progress))
    if !isSeeding { events.send(.completed) }
    return DownloadSummary(
      alreadyComplete: false, duration: clock.now - start,
      seedingTime: seedingSince.map { clock.now - $0 } ?? .zero, progress: progress,
      bannedPeers: swarm.history.banned, diskName: output.diskName)
  }
}
