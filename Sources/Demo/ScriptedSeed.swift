package import Metainfo
package import Networking
import PeerWire
package import Primitives

/// A seed that follows a script, honest or not, for the demo and for tests.
///
/// It shares only the wire protocol with the engine. It serves blocks from memory in request order,
/// and unchokes every peer once its gate is open.
@Reactor
package final class ScriptedSeed {
  /// The address on which it listens.
  package let endpoint: Endpoint
  /// The tally of its events so far.
  package private(set) var tally = SeedTally()
  /// The audience that learns of its actions.
  package weak var audience: (any SeedAudience)?

  let torrent: TorrentMetainfo
  let content: [UInt8]
  let pieces: Bitfield
  let behaviour: SeedBehaviour
  let clock: any LoopClock
  let greetingGate: Gate
  let servingGate: Gate
  /// Its peer id.
  package let peerID: PeerID
  var random: SeededRandom
  private let listener: any Listener
  private var connections: [ScriptedConnection] = []
  private var isStopped = false

  /// Starts listening; `run()` does the rest.
  ///
  /// `content` holds the torrent's bytes. `pieces` are the pieces to offer, by default all. The
  /// seed answers a handshake once `greetingGate` is open and serves once `servingGate` is.
  package init(
    torrent: TorrentMetainfo, content: [UInt8], pieces: Bitfield? = nil,
    behaviour: SeedBehaviour = SeedBehaviour(), at address: Endpoint, network: any Network,
    clock: any LoopClock, random: SeededRandom, idPrefix: String = "-SD0100-",
    greetingGate: Gate = Gate(isOpen: true),
    servingGate: Gate = Gate(isOpen: true)
  ) throws(NetworkError) {
    self.torrent = torrent
    self.content = content
    self.pieces = pieces ?? Bitfield(count: torrent.geometry.pieceCount, filled: true)
    self.behaviour = behaviour
    self.clock = clock
    self.random = random
    self.greetingGate = greetingGate
    self.servingGate = servingGate
    peerID = PeerID.make(prefix: idPrefix, using: &self.random)
    listener = try network.listen(at: address)
    endpoint = listener.endpoint
  }

  /// Serves until stopped.
  package func run() async {
    await withDiscardingTaskGroup { group in
      while !isStopped, let transport = await listener.accept() {
        let connection = ScriptedConnection(seed: self, transport: transport)
        connections.append(connection)
        group.addTask { await self.serve(connection) }
      }
      for connection in connections { connection.close() }
      group.cancelAll()
    }
  }

  private func serve(_ connection: ScriptedConnection) async {
    await connection.run()
    connections.removeAll { $0 === connection }
  }

  /// Closes all connections and stops listening.
  package func stop() {
    isStopped = true
    listener.close()
    for connection in connections { connection.close() }
  }

  func noteGreeting() {
    tally.greetings += 1
    audience?.seedGreeted(self)
  }

  /// Returns the frame that answers a request; the script decides whether its bytes are correct.
  func frame(for block: Block) -> [UInt8] {
    var bytes: [UInt8] = []
    PeerMessage.appendPieceHeader(of: block, to: &bytes)
    let start = Int(torrent.geometry.offset(of: block.piece)) + block.offset
    bytes += content[start..<start + block.length]
    if isCorrupt() { bytes[PeerMessage.pieceHeaderLength + block.length / 2] ^= 0x55 }
    return bytes
  }

  func note(_ introduction: ExtensionHandshake) {
    tally.introductions.append(introduction)
  }

  func note(_ news: PexMessage) {
    tally.heardOf += news.added.map(\.endpoint)
  }

  /// Returns the scripted answer to a metadata request, or nil to stay silent.
  func answer(_ question: MetadataMessage) -> MetadataMessage? {
    guard case .request(let piece) = question else { return nil }
    tally.metadataRequests += 1
    let info = torrent.info.originalBytes
    let start = info.startIndex + piece * MetadataMessage.pieceLength
    switch behaviour.metadata {
    case .honest, .wrong:
      guard start < info.endIndex else { return .reject(piece: piece) }
      var bytes = Array(info[start...].prefix(MetadataMessage.pieceLength))
      if behaviour.metadata == .wrong { bytes[bytes.count / 2] ^= 0x55 }
      return .data(piece: piece, totalSize: info.count, bytes: bytes)
    case .rejecting: return .reject(piece: piece)
    case .unknown, .silent, .claiming: return nil
    }
  }

  /// Its extension handshake.
  var introduction: ExtensionHandshake {
    var handshake = ExtensionHandshake()
    handshake.requestQueue = behaviour.requestQueue
    handshake.isUploadOnly = behaviour.isUploadOnly
    if behaviour.exchangesPeers {
      handshake.extensions[.peerExchange] = WireExtension.peerExchange.rawValue
    }
    switch behaviour.metadata {
    case .unknown: return handshake
    case .claiming(let size): handshake.metadataSize = size
    case .honest, .wrong, .silent, .rejecting:
      handshake.metadataSize = torrent.info.originalBytes.count
    }
    handshake.extensions[.metadata] = WireExtension.metadata.rawValue
    return handshake
  }

  func noteWaiting(_ count: Int) {
    tally.mostWaiting = max(tally.mostWaiting, count)
  }

  func note(_ block: Block) {
    tally.servedBytes += Int64(block.length)
    audience?.seed(self, served: block)
  }

  private func isCorrupt() -> Bool {
    switch behaviour.corruption {
    case .none: false
    case .everyBlock: true
    case .share(let share): Double.random(in: 0..<1, using: &random) < share
    }
  }
}
