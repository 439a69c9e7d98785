import Metainfo
import Networking
import PeerWire
import Primitives
import Storage
import Swarm

/// The owner of a swarm, which is told of the torrent's pieces and of the search for peers.
@Reactor
protocol SwarmOwner: AnyObject {
  /// The handshake with which we greet the torrent's peers.
  var greeting: PeerGreeting { get }
  /// Handles a piece that is verified and written.
  func verified(_ piece: PieceIndex)
  /// Handles a piece that has failed its hash check.
  func failed(_ piece: PieceIndex, senders: [Endpoint])
  /// Ends the run, such as when a file could not be written.
  func finish(_ outcome: Result<Void, DownloadError>)
  /// Handles the verification of the last wanted piece.
  func completed()
  /// Handles the moment when no peer is connected and none can be dialled soon.
  func ranOutOfPeers()
  /// Handles the end of a web seed that was banned or given up.
  func gaveUpWebSeed()
}

/// One torrent's peers, from the first connection to the last one.
///
/// It holds the exchange and carries out its actions in `drain()`. Connections pass events to the
/// exchange directly. `gate` dials and welcomes.
@Reactor
final class TorrentSwarm {
  let infoHash: InfoHash
  let session: SessionCore
  let events: EventSink
  unowned let owner: any SwarmOwner
  var exchange: Exchange
  var draining = DrainState()
  /// The fetch of the metadata; nil once the torrent is known.
  var metadata: MetadataSearch?
  /// The torrent's content; nil until its pieces are exchanged.
  private(set) var content: SwarmContent?
  /// The connected peers in the order in which they joined.
  var connections: [PeerConnection] = []
  /// The number of each connection, in the same order; it rises.
  var numbers: [PeerNumber] = []
  private(set) lazy var gate = PeerGate(swarm: self, random: random.fork())
  var history = SwarmHistory()
  /// A Boolean value indicating whether peers tell us of others, and we tell them.
  var exchangesPeers: Bool
  var metadataTurns: MetadataTurns
  private var random: SeededRandom

  init(
    infoHash: InfoHash, session: SessionCore, events: EventSink, owner: any SwarmOwner,
    options: TorrentOptions, random: SeededRandom
  ) {
    self.infoHash = infoHash
    self.session = session
    self.events = events
    self.owner = owner
    exchangesPeers = options.sources.exchangesPeers
    var settings = ExchangeSettings()
    settings.pipeline = options.pipeline
    settings.maximumPeers = session.connections.limit
    settings.memoryLimit = session.options.memoryLimit
    settings.isSequential = options.content.isSequential
    var random = random
    exchange = Exchange(
      settings: settings, random: random.fork(),
      now: session.environment.clock.now)
    self.random = random
    metadataTurns = MetadataTurns(limiter: session.options.uploadLimiter)
  }

  var clock: any LoopClock { session.environment.clock }

  /// A Boolean value indicating whether the torrent takes part in the DHT, as our handshake says.
  var usesDHT: Bool { owner.greeting.features.contains(.dht) }

  // MARK: - The torrent becomes known

  /// Takes the options for a torrent whose metadata came from peers.
  func choose(_ options: TorrentOptions, isPrivate: Bool) {
    exchangesPeers = options.sources.exchangesPeers && !isPrivate
    exchange.choose(pipeline: options.pipeline, isSequential: options.content.isSequential)
  }

  /// Begins the exchange of pieces; connections take up the messages that they have kept.
  func begin(_ content: SwarmContent, wanted: Bitfield, verified: Bitfield) {
    self.content = content
    metadata = nil
    session.options.downloadLimiter?.quota.sharers += 1
    exchange.begin(geometry: content.torrent.geometry, verified: verified, wanted: wanted)
    lookAtBudgets()
    for connection in connections {
      // Our pieces go out as single messages, because a bitfield had to come first.
      verified.forEach { connection.say(.have($0)) }
      connection.begin()
    }
    exchange.reviewInterest()
    drain()
    gate.wakeup.fire()
  }

  /// Ends the connections to all peers that a private torrent may not use, and forgets their
  /// addresses (BEP 27).
  func becomePrivate() {
    exchangesPeers = false
    for connection in connections where !connection.source.isAllowedPrivately {
      connection.stop(.finished)
    }
    gate.book.forgetAll { !$0.isAllowedPrivately }
  }

  // MARK: - Metadata

  /// The torrent's `info` dictionary, for peers that lack it; empty while it is not known.
  var metadataBytes: ArraySlice<UInt8> { content?.torrent.info.originalBytes ?? [] }

  /// Returns our extension handshake for a peer (BEP 10).
  func introduction(to peer: Endpoint) -> ExtensionHandshake {
    var handshake = ExtensionHandshake(
      extensions: exchangesPeers ? [.metadata, .peerExchange] : [.metadata])
    handshake.client = ClientIdentity.name
    handshake.listeningPort = session.port
    handshake.requestQueue = PeerConnectionMachine.requestLimit
    handshake.yourAddress = peer.address
    guard content != nil else { return handshake }
    handshake.metadataSize = metadataBytes.count
    handshake.isUploadOnly = exchange.board.isComplete
    return handshake
  }

  // MARK: - Serving

  /// The number of bytes that are read from the files at once, and may wait for a connection.
  var serveBatch: Int {
    // A slow rate goes out block by block, so that a choke or a cancel still finds something.
    let batch = 256 << 10
    guard let limiter = session.options.uploadLimiter else { return batch }
    return min(batch, max(Block.standardLength, limiter.quantum))
  }

  /// Reads blocks, each with its header, as soon as the upload limit allows it; nil if that fails.
  func readBlocks(_ blocks: [Block], over transport: any Transport) async -> [UInt8]? {
    if let throttled = transport as? ThrottledTransport {
      guard await throttled.mayUpload(blocks.reduce(0) { $0 + $1.length }) else { return nil }
    }
    guard let storage = content?.storage else { return nil }
    return await session.environment.workers.run { BlockReader.read(blocks, from: storage) }
  }

  // MARK: - Seeding and time

  /// Ends the connections to peers that have nothing to exchange with a seed, and tells the others.
  func beginSeeding() {
    exchange.beginSeeding(now: clock.now)
    drain()
    for connection in connections where connection.peer.features.contains(.extensions) {
      // The peer is told that we want nothing more (BEP 21).
      connection.introduce()
      connection.flush()
    }
  }

  /// Does the periodic work; called twice a second.
  func tick(now: Instant) {
    lookAtBudgets()
    let someoneWaits = gate.book.nextDialTime.map { $0 <= now } ?? false
    let budget = session.connections
    // In a full session there is no room for further peers, however few this torrent has.
    exchange.limitPeers(to: budget.count < budget.limit ? budget.limit : connections.count)
    exchange.tick(someoneWaits: someoneWaits, now: now)
    let surplus = budget.surplus(of: infoHash)
    if surplus > 0 { exchange.makeRoom(for: surplus, now: now) }
    drain()
    for connection in connections { connection.tick(now: now) }
    tellOfPeers(now: now)
  }
}

/// The parts of a swarm that exist once its torrent's pieces are known.
@Reactor
final class SwarmContent {
  let torrent: TorrentMetainfo
  let storage: any PieceStorage
  let buffers: PieceBuffers
  let verifier: PieceVerifier
  let webSeeds: WebSeeds
  /// Shared by all connections: a plan is used from one read to its last event without a pause.
  let readPlan = ReadPlan()

  init(
    torrent: TorrentMetainfo, storage: any PieceStorage, buffers: PieceBuffers,
    verifier: PieceVerifier, webSeeds: WebSeeds
  ) {
    self.torrent = torrent
    self.storage = storage
    self.buffers = buffers
    self.verifier = verifier
    self.webSeeds = webSeeds
  }
}

extension PeerSource {
  /// A Boolean value indicating whether a private torrent may use peers from this source (BEP 27).
  var isAllowedPrivately: Bool { self == .tracker || self == .given }
}
