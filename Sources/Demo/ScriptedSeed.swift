package import Metainfo
package import Networking
package import PeerWire
package import Primitives

/// A seed that follows a script, honest or not: for the demo and for tests of how we treat peers.
///
/// It shares nothing with the engine but the wire: it serves blocks from memory in the order of the
/// requests, and unchokes whoever is interested, once its gate is open.
@Reactor
package final class ScriptedSeed {
  /// Where it listens.
  package let endpoint: Endpoint
  /// What it served so far, in bytes, all connections together.
  package private(set) var servedBytes: Int64 = 0
  /// How many peers have greeted it.
  package private(set) var greetings = 0
  /// The most requests that any one peer had waiting.
  package private(set) var mostWaiting = 0
  /// How many pieces of the metadata it was asked for.
  package private(set) var metadataRequests = 0
  /// Whom it was told of (BEP 11).
  package private(set) var heardOf: [Endpoint] = []
  /// What those who greeted it said of themselves (BEP 10).
  package private(set) var introductions: [ExtensionHandshake] = []
  /// Called when a peer has greeted it.
  package var greeted: () -> Void = {}
  /// Called with each block that it has sent.
  package var served: (Block) -> Void = { _ in }

  let torrent: TorrentMetainfo
  let content: [UInt8]
  let pieces: Bitfield
  let behaviour: SeedBehaviour
  let clock: any LoopClock
  let greetingGate: Gate
  let servingGate: Gate
  /// How it names itself.
  package let peerID: PeerID
  var random: SeededRandom
  private let listener: any Listener
  private var connections: [ScriptedConnection] = []
  private var isStopped = false

  /// Starts to listen; `run()` does the rest.
  ///
  /// `content` are the torrent's bytes; `pieces` are those that it has, all unless given. It answers
  /// a handshake once `greetingGate` is open, and serves once `servingGate` is.
  package init(
    torrent: TorrentMetainfo, content: [UInt8], pieces: Bitfield? = nil,
    behaviour: SeedBehaviour = SeedBehaviour(), at address: Endpoint, network: any Network,
    clock: any LoopClock, random: SeededRandom, greetingGate: Gate = Gate(isOpen: true),
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
    peerID = PeerID.make(prefix: "-SD0100-", using: &self.random)
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

  /// Hangs up on everybody and stops to listen.
  package func stop() {
    isStopped = true
    listener.close()
    for connection in connections { connection.close() }
  }

  func noteGreeting() {
    greetings += 1
    greeted()
  }

  /// The frame that answers a request; the script decides whether its bytes are right.
  func frame(for block: Block) -> [UInt8] {
    var bytes: [UInt8] = []
    PeerMessage.appendPieceHeader(of: block, to: &bytes)
    let start = Int(torrent.geometry.offset(of: block.piece)) + block.offset
    bytes += content[start..<start + block.length]
    if isCorrupt() { bytes[PeerMessage.pieceHeaderLength + block.length / 2] ^= 0x55 }
    return bytes
  }

  func note(_ introduction: ExtensionHandshake) {
    introductions.append(introduction)
  }

  func note(_ news: PexMessage) {
    heardOf += news.added.map(\.endpoint)
  }

  /// What the script says to a question for the metadata; nil for nothing.
  func answer(_ question: MetadataMessage) -> MetadataMessage? {
    guard case .request(let piece) = question else { return nil }
    metadataRequests += 1
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

  /// What it says of itself.
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
    mostWaiting = max(mostWaiting, count)
  }

  func note(_ block: Block) {
    servedBytes += Int64(block.length)
    served(block)
  }

  private func isCorrupt() -> Bool {
    switch behaviour.corruption {
    case .none: false
    case .everyBlock: true
    case .share(let share): Double.random(in: 0..<1, using: &random) < share
    }
  }
}

/// A door that opens once, for those who wait before it and those who come later.
@Reactor
package final class Gate {
  /// Whether it has been opened.
  package private(set) var isOpen: Bool
  private var waiting: [Wakeup] = []

  /// Creates a gate, open or shut.
  package init(isOpen: Bool) {
    self.isOpen = isOpen
  }

  /// Opens it for good.
  package func open() {
    isOpen = true
    for wakeup in waiting { wakeup.fire() }
    waiting = []
  }

  /// Returns once it is open, or the task is cancelled.
  package func pass() async {
    guard !isOpen else { return }
    let wakeup = Wakeup()
    waiting.append(wakeup)
    await wakeup.wait()
  }
}
