package import Primitives

/// Every decision of one torrent's swarm: the requests, the peers that are served, and the bans.
///
/// Inputs are methods, most of which take the time. They change the state and append actions, which
/// the owner carries out in order. The exchange never calls anybody and performs no effects, so its
/// state can be inspected between any two inputs, and a decision can be tested as a list of inputs
/// and the actions that must follow.
///
/// A torrent's exchange exists from the first connection. Until `begin` tells it the pieces, it
/// only keeps the facts that hold for any torrent. It has three sets of pieces:
///
/// - `board.wanted`: the pieces that the run fetches; may change during the run.
/// - `board.verified`: the pieces whose hash was right.
/// - `kept`: the pieces that can be read, and are therefore announced and served.
///
/// One row of `board.peers` holds all that is known of a peer. The exchange speaks of pieces and
/// blocks, never of messages, and web seeds are sources like peers.
package struct Exchange: ~Copyable, Sendable {
  /// The pieces, their blocks and the peers.
  package internal(set) var board: PieceBoard
  /// The pieces that can be read.
  package internal(set) var kept: Bitfield
  /// A Boolean value indicating whether the torrent's pieces are known.
  package private(set) var isKnown = false
  /// A Boolean value indicating whether the exchange has ended, so that no lane finds anything.
  package internal(set) var isOver = false
  /// The limit on what all peers may owe together, if the user limits the download rate.
  package var quota: OwedQuota?
  /// The number of blocks that peers owe in time.
  package internal(set) var owedInTime = 0
  /// The traffic of the sources that have left.
  var past = ExchangeTraffic()
  var settings: ExchangeSettings
  var actions: [ExchangeAction] = []
  var choker: Choker
  var blame = CorruptionLedger()
  var turnover: PeerTurnover
  var schedule = ExchangeSchedule()
  var supply: PieceSupply

  /// Creates the exchange of a torrent whose pieces are not known.
  package init(settings: ExchangeSettings, random: SeededRandom, now: Instant) {
    var random = random
    self.settings = settings
    choker = Choker(random: random.fork())
    turnover = PeerTurnover(now: now)
    board = PieceBoard(random: random.fork())
    kept = Bitfield(count: board.geometry.pieceCount)
    supply = PieceSupply(geometry: board.geometry, settings: settings)
  }

  /// Begins the exchange of pieces.
  ///
  /// Connected peers stay, and so does what they said of themselves. They have no pieces until they
  /// say so.
  ///
  /// - Parameters:
  ///   - geometry: The torrent's pieces.
  ///   - verified: The pieces that are present.
  ///   - wanted: The pieces to fetch.
  package mutating func begin(geometry: PieceGeometry, verified: Bitfield, wanted: Bitfield) {
    board.begin(
      geometry: geometry, verified: verified, wanted: wanted, isSequential: settings.isSequential)
    for place in board.peers.dealings.indices {
      board.peers.dealings[place].window.setBlockLength(geometry.blockLength)
    }
    kept = verified
    supply = PieceSupply(geometry: geometry, settings: settings)
    isKnown = true
  }

  /// Changes the choices for the pieces, before `begin`.
  ///
  /// - Parameters:
  ///   - pipeline: The number of blocks that each peer may owe; nil adapts it to the peer's rate.
  ///   - isSequential: True if pieces are fetched in their order.
  package mutating func choose(pipeline: Int?, isSequential: Bool) {
    settings.pipeline = pipeline
    settings.isSequential = isSequential
    for place in board.peers.dealings.indices {
      board.peers.dealings[place].window.pin(pipeline)
    }
  }

  // MARK: - Actions

  /// A Boolean value indicating whether there are actions to carry out.
  package var hasActions: Bool { !actions.isEmpty }

  /// Exchanges the actions for an empty array, whose memory is used again.
  package mutating func swapActions(_ other: inout [ExchangeAction]) {
    swap(&actions, &other)
  }

  /// The time at which `timePassed` has something to do at the latest; nil for never.
  package var deadline: Instant? {
    guard let rechoke = schedule.rechokes.due, let retry = schedule.retry.due else {
      return schedule.rechokes.due ?? schedule.retry.due
    }
    return min(rechoke, retry)
  }

  // MARK: - The end

  /// Ends the exchange: no lane finds anything from now on.
  package mutating func close() {
    isOver = true
    schedule = ExchangeSchedule()
    wakeAll()
  }
}

/// The limit on what all peers of an exchange may owe together.
package struct OwedQuota: Equatable, Sendable {
  /// The number of blocks that may be owed in time.
  package var limit: Int
  /// A Boolean value indicating whether the rate limit is reached, so that requesting a block twice
  /// would cost another one.
  package var isReached: Bool

  /// Creates a quota.
  package init(limit: Int, isReached: Bool) {
    self.limit = limit
    self.isReached = isReached
  }
}

/// The decisions that are put off to a later time.
struct ExchangeSchedule: Sendable {
  var rechokes = RechokeSchedule()
  var retry = EndgameRetry()
}

/// The lanes, and the memory and workers that bound what they find.
struct PieceSupply: Sendable {
  var lanes = IdleLanes()
  var room: PieceRoom
  var backlog: Backlog
  /// A Boolean value indicating whether pieces are so long that they are hashed while they arrive.
  let hashesEarly: Bool

  init(geometry: PieceGeometry, settings: ExchangeSettings) {
    room = PieceRoom(memoryLimit: settings.memoryLimit, pieceLength: geometry.pieceLength)
    backlog = Backlog(pieceLength: geometry.pieceLength)
    hashesEarly = geometry.pieceLength >= Backlog.Policy().bigPiece
  }
}
