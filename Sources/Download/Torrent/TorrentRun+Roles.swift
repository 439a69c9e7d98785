import Metainfo
import Networking
import Primitives
import Storage
import Swarm
import Tracker

// The torrent as its swarm, its trackers and its session see it.

extension TorrentRun: Interruptible {
  func interrupted() { finish(.failure(interruption.reason ?? .cancelled)) }
}

extension TorrentRun: SwarmOwner {
  var greeting: PeerGreeting { session.greeting(for: self) }

  func verified(_ piece: PieceIndex) {
    for event in account.verified(piece) { events.send(event) }
  }

  func failed(_ piece: PieceIndex, senders: [Endpoint]) {
    account.failedPieces += 1
    account.corruptBytes += Int64(swarm.exchange.board.geometry.length(of: piece))
    events.send(.pieceFailed(piece, senders: senders))
  }

  func ranOutOfPeers() { announcer.peersRanOut() }

  func gaveUpWebSeed() {
    guard !hasPeerSource, swarm.connections.isEmpty, account.completedAt == nil else { return }
    finish(.failure(.noPeerSource))
  }
}

extension TorrentRun: AnnouncerDelegate {
  /// The maximum number of peers taken from one tracker reply.
  ///
  /// It is several times the number that we ask for, but too small for a tracker to fill the peer
  /// book alone.
  private static let peersPerReply = 1000

  /// The totals that trackers are told.
  ///
  /// `left` counts every missing byte of the torrent, selected or not, because a tracker takes a
  /// peer with nothing left for a seed of the whole torrent. While the length is unknown, something
  /// is left for the same reason.
  var totals: TransferTotals {
    guard let torrent, swarm.content != nil else {
      let length = torrent?.geometry.totalLength ?? account.claimedLength ?? 16 << 10
      return TransferTotals(uploaded: 0, downloaded: 0, left: length)
    }
    let progress = snapshot()
    return TransferTotals(
      uploaded: progress.uploadedBytes, downloaded: progress.downloadedBytes,
      left: torrent.geometry.totalLength
        - torrent.geometry.bytes(of: swarm.exchange.board.verified))
  }

  /// A Boolean value indicating whether everything wanted is present, but not the whole torrent.
  var isPartialSeed: Bool {
    let board = swarm.exchange.board.isComplete
    return swarm.content != nil && board && !swarm.exchange.board.verified.isFull
  }

  var needsPeers: Bool { swarm.connections.isEmpty && !swarm.gate.book.hasCandidates }

  func announcer(found peers: [Endpoint], from tracker: String) {
    swarm.gate.learn(Array(peers.prefix(Self.peersPerReply)), source: .tracker)
  }

  func announcer(reports report: TrackerReport) {
    if let address = report.externalAddress { swarm.gate.seen(at: address) }
    account.note(report)
    events.send(.tracker(report))
  }
}

extension TorrentRun: SessionMember {
  func admits(_ remote: Endpoint) -> Bool { swarm.gate.admits(remote) }

  func welcomed(_ peer: GreetedPeer) { swarm.gate.welcomed(peer) }

  func roomFreed() { swarm.gate.wakeup.fire() }

  func found(_ peers: [Endpoint], by source: PeerSource) { swarm.gate.learn(peers, source: source) }

  var usesDHT: Bool {
    options.sources.usesDHT && session.options.dht != nil && torrent?.isPrivate != true
  }

  var usesLocalDiscovery: Bool {
    options.sources.usesLocalDiscovery && torrent?.isPrivate != true
  }

  var dhtNeeds: DHTNeeds {
    let isKnown = swarm.content != nil
    return DHTNeeds(
      connectedPeers: swarm.connections.count,
      isSeed: isKnown && swarm.exchange.board.isComplete,
      hasEveryPiece: isKnown && swarm.exchange.board.verified.isFull,
      hasTrackers: announcer.hasTrackers,
      hasWorkingTracker: account.trackers.contains { $0.isWorking })
  }

  func dhtChanged(_ report: DHTReport) { events.send(.dht(report)) }

  func dhtJoined() { swarm.tellDHTPort() }

  func memoryFreed() { swarm.memoryFreed() }
}

extension TorrentRun {
  /// A Boolean value indicating whether there is any source of peers, or a well-known port.
  var hasPeerSource: Bool {
    announcer.hasTrackers || swarm.gate.book.knownCount > 0 || session.options.port != 0
      || swarm.content?.webSeeds.hasUsable == true || namesWebSeeds || usesDHT
      || usesLocalDiscovery
  }

  /// A Boolean value indicating whether web seeds will be used that no one has tried yet.
  private var namesWebSeeds: Bool {
    guard let torrent, swarm.content == nil else { return false }
    return !(options.sources.webSeeds ?? torrent.webSeeds).isEmpty
  }

  /// A Boolean value indicating whether a tracker, a peer or a web seed has ever answered.
  var hasReachedAnybody: Bool {
    account.hasTrackerAnswered || swarm.history.hasMetAnybody
      || swarm.content?.webSeeds.haveDelivered == true
  }

  /// Returns a snapshot of the run.
  func snapshot() -> ProgressSnapshot {
    let now = clock.now
    var progress = account.snapshot(now: now)
    swarm.add(to: &progress, now: now)
    swarm.content?.webSeeds.add(to: &progress)
    let remaining = swarm.exchange.board.remainingBytes
    progress.verifiedBytes -= remaining
    progress.verifiedPieces -= swarm.exchange.board.missingPieceCount
    progress.drawMap(of: swarm.exchange.board.verified)
    progress.dhtNodes = usesDHT ? session.dhtNodeCount : nil
    if progress.downloadRate >= 1 {
      progress.eta = .seconds(Double(remaining) / progress.downloadRate)
    }
    return progress
  }
}
