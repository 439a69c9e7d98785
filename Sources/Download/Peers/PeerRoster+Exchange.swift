import Networking
import PeerWire
import Primitives
import Storage
import Swarm

// What connected peers get from each other through us: cancels, slots, news.

extension PeerRoster: PeerSessionOwner {
  // MARK: - What sessions ask for

  func dhtPort(for address: IPAddress) -> UInt16? {
    dht?.port(isIPv6: address.unmapped.isIPv6)
  }

  func heardOfNode(at endpoint: Endpoint) {
    dht?.heard(of: endpoint)
  }

  func cancel(_ block: Block, at peer: PeerNumber) {
    guard let session = session(peer) else { return cancelElsewhere(block, peer) }
    session.cancel(block)
  }

  func seen(at address: IPAddress, by session: PeerSession) {
    book.heard(
      ownAddress: address, from: session.endpoint.address, port: listeningPort ?? 0)
  }

  func interestChanged(of session: PeerSession) {
    guard rechokeTimer == nil, !isClosed else { return }
    let due = lastRechoke + Self.rechokePause
    guard due > environment.clock.now else { return rechoke() }
    // The choice costs time for each peer, and a peer can change its mind in every few bytes.
    rechokeTimer = environment.clock.schedule(at: due) { [weak self] in
      self?.rechokeTimer = nil
      self?.rechoke()
    }
  }

  func availabilityChanged(of session: PeerSession) {
    if work.board.isComplete, session.isSeed { session.stop(.nothingToExchange) }
  }

  var serveBatch: Int {
    // A slow rate goes out block by block, so that a choke or a cancel still finds something.
    let batch = 256 << 10
    guard let limiter = settings.uploadLimiter else { return batch }
    return min(batch, max(Block.standardLength, limiter.quantum))
  }

  func readBlocks(_ blocks: [Block], for session: PeerSession) async -> [UInt8]? {
    if settings.uploadLimiter != nil, let transport = session.transport as? ThrottledTransport {
      guard await transport.mayUpload(blocks.reduce(0) { $0 + $1.length }) else { return nil }
    }
    let storage = storage
    return await environment.workers.run { BlockReader.read(blocks, from: storage) }
  }

  // MARK: - Choking

  /// Decides anew who may download from us.
  func rechoke() {
    let now = environment.clock.now
    lastRechoke = now
    let candidates = sessions.map { session in
      Choker.Candidate(
        peer: session.number, isInterested: session.machine.peerInterested,
        downloadRate: session.traffic.downloaded.rate(now: now),
        uploadRate: session.traffic.uploaded.rate(now: now), joined: session.joined)
    }
    let unchoked = choker.rechoke(candidates, isSeeding: work.board.isComplete, now: now)
    var index = 0
    for session in sessions {
      while index < unchoked.count, unchoked[index] < session.number { index += 1 }
      session.setChoking(!(index < unchoked.count && unchoked[index] == session.number))
    }
  }
}

extension PeerRoster {
  /// Everything is there: whoever has everything as well is of no use any more, nor are we to it.
  func leaveSeeds() {
    for session in sessions {
      if session.isSeed || session.extensions.isUploadOnly {
        session.stop(.nothingToExchange)
      } else if session.features.contains(.extensions) {
        // It learns that we want nothing more (BEP 21).
        session.introduce()
        session.flush()
      }
    }
    rechoke()
  }

  /// Tells everybody who takes part in the DHT that we do now.
  func tellDHTPort() {
    for session in sessions {
      session.tellDHTPort()
      session.flush()
    }
  }

  /// Tells everybody who lacks it that we have one more piece, and looks again who has what we want.
  func announce(_ piece: PieceIndex) {
    guard work.board.hasLeechers else { return }
    for session in sessions where !session.isSeed {
      session.announce(piece)
      session.updateInterest()
      session.flush()
    }
  }

  /// Where those of the peers are, or were, that we remember.
  func endpoints(of peers: [PeerNumber]) -> [Endpoint] {
    var seen: Set<PeerNumber> = []
    return peers.filter { seen.insert($0).inserted }.compactMap { endpoint(of: $0) }
  }

  /// Lets the board know whom the ledger suspects.
  func updateSuspects() {
    for session in sessions {
      work.setSuspect(session.number, ledger.isSuspect(session.number))
    }
  }

  /// What was moved so far, how fast, and by how many.
  func traffic(now: Instant) -> ProgressSnapshot {
    var progress = ProgressSnapshot()
    progress.downloadedBytes = past.downloaded
    progress.uploadedBytes = past.uploaded
    progress.wastedBytes = past.wasted
    for session in sessions {
      progress.downloadedBytes += session.traffic.downloaded.total
      progress.uploadedBytes += session.traffic.uploaded.total
      progress.wastedBytes += session.traffic.wasted
      progress.downloadRate += session.traffic.downloaded.rate(now: now)
      progress.uploadRate += session.traffic.uploaded.rate(now: now)
      if session.isSeed { progress.seeds += 1 }
    }
    progress.connectedPeers = sessions.count
    progress.knownPeers = book.knownCount
    progress.bannedPeers = bannedPeers.count
    progress.sources = sourceSummaries()
    return progress
  }
}

extension PeerRoster {
  /// What each source has meant to the run, those left out of which nothing came.
  private func sourceSummaries() -> [SourceSummary] {
    var connected: [PeerSource: Int] = [:]
    var downloaded: [PeerSource: Int64] = [:]
    for session in sessions {
      connected[session.source, default: 0] += 1
      downloaded[session.source, default: 0] += session.traffic.downloaded.total
    }
    return PeerSource.allCases.compactMap { source in
      tallies[source].map {
        SourceSummary(
          source: source, found: $0.found, connected: connected[source, default: 0],
          downloadedBytes: $0.downloaded + downloaded[source, default: 0])
      }
    }
  }
}

/// What peers that are gone have moved, in bytes.
struct PastTraffic {
  private(set) var downloaded: Int64 = 0
  private(set) var uploaded: Int64 = 0
  private(set) var wasted: Int64 = 0

  mutating func add(_ traffic: PeerTraffic) {
    downloaded += traffic.downloaded.total
    uploaded += traffic.uploaded.total
    wasted += traffic.wasted
  }
}
