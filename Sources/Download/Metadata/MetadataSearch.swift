import Metainfo
import Networking
import PeerWire
import Primitives
import Swarm

/// The fetch of a torrent's `info` dictionary from the peers of its swarm (BEP 9).
///
/// It asks the swarm's connections for pieces of the dictionary, as `MetadataAssembler` decides,
/// and lasts until the dictionary is complete and has the right hash.
@Reactor
final class MetadataSearch {
  /// The time for which a peer without the metadata may keep its place while others wait.
  private static let trial = Duration.seconds(20)

  private unowned let swarm: TorrentSwarm
  private var assembler: MetadataAssembler
  private var told = MetadataProgress()
  private let ended = Wakeup()
  /// The dictionary, once it is complete.
  private(set) var info: [UInt8]?
  /// The reason why the search was given up.
  private var failure: DownloadError?

  init(infoHash: InfoHash, swarm: TorrentSwarm, random: SeededRandom) {
    self.swarm = swarm
    assembler = MetadataAssembler(infoHash: infoHash, random: random)
  }

  /// Learns the peers that a link names, and waits for the dictionary.
  ///
  /// Throws `DownloadError.noMetadata` when `limit` has passed, and the reason of `giveUp` if the
  /// search is given up.
  func result(of link: MagnetLink, within limit: Duration?) async throws(DownloadError) -> [UInt8] {
    let result = await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.resolve(link.peers) }
      let result: Result<[UInt8], DownloadError>
      do throws(DownloadError) {
        result = .success(try await self.result(within: limit))
      } catch {
        result = .failure(error)
      }
      group.cancelAll()
      return result
    }
    return try result.get()
  }

  private func resolve(_ peers: [MagnetLink.PeerAddress]) async {
    for peer in peers {
      do throws(NetworkError) {
        let found = try await swarm.session.environment.network.resolve(
          host: peer.host, port: peer.port)
        swarm.gate.learn(found, source: .given)
      } catch {
        guard error != .cancelled else { return }
      }
    }
  }

  private func result(within limit: Duration?) async throws(DownloadError) -> [UInt8] {
    let clock = swarm.clock
    let patience = limit.flatMap { $0 > .zero ? $0 : nil }
    let deadline = patience.map { clock.now + $0 } ?? .distantFuture
    while true {
      if let info { return info }
      if let failure { throw failure }
      switch await clock.wait(for: ended, until: deadline) {
      case .cancelled: throw .cancelled
      case .timedOut: if info == nil, failure == nil, let patience { throw .noMetadata(patience) }
      default: break
      }
    }
  }

  /// Ends the search without a result; the first reason stays.
  func giveUp(_ reason: DownloadError) {
    if failure == nil { failure = reason }
    ended.fire()
  }

  // MARK: - Peers

  /// Records that a peer offers the dictionary with a length in bytes.
  func offered(by peer: PeerNumber, size: Int) {
    assembler.joined(peer.value, size: size)
  }

  /// Records that a peer has left.
  func left(_ peer: PeerNumber) {
    assembler.left(peer.value)
    askForPieces()
  }

  /// Handles an answer of a peer.
  func received(
    _ message: MetadataMessage, from connection: PeerConnection
  ) throws(WireError) {
    let outcome = try assembler.received(
      message, from: connection.number.value, now: swarm.clock.now)
    for liar in outcome.liars { swarm.ban(PeerNumber(liar), reason: "sent wrong metadata") }
    guard let bytes = outcome.info else { return }
    info = bytes
    ended.fire()
  }

  /// Sends the requests that are due.
  func askForPieces() {
    guard info == nil else { return }
    var asked: [PeerConnection] = []
    for request in assembler.nextRequests(now: swarm.clock.now) {
      guard let connection = swarm.connection(PeerNumber(request.peer)) else { continue }
      connection.ask(forMetadata: request.piece)
      if asked.last !== connection { asked.append(connection) }
    }
    for connection in asked { connection.flush() }
  }

  // MARK: - Time

  /// Asks anew for pieces that are late, makes room and reports progress; called once a second.
  func tick(now: Instant, events: EventSink) {
    makeRoom(now: now)
    askForPieces()
    var progress = MetadataProgress()
    progress.connectedPeers = swarm.connections.count
    progress.offeringPeers = assembler.peerCount
    progress.knownPeers = swarm.gate.book.knownCount
    if let (received, size) = assembler.progress {
      progress.receivedBytes = received
      progress.totalBytes = size
    }
    guard progress != told else { return }
    told = progress
    events.send(.fetchingMetadata(progress))
  }

  /// Drops a peer that does not offer the metadata when others need its place.
  private func makeRoom(now: Instant) {
    guard swarm.gate.isFull, swarm.gate.book.nextDialTime.map({ $0 <= now }) ?? false else {
      return
    }
    let useless = swarm.connections.first {
      !assembler.contains($0.number.value) && now - $0.joined >= Self.trial
    }
    useless?.stop(.replaced)
  }
}
