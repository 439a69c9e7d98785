public import Primitives
import Testing

@testable import Swarm

/// An exchange that is played by hand: inputs with times, and the actions that come of them.
///
/// Pieces are fetched in their order unless a play says otherwise, so it can be read without dice.
/// The lanes of peers pull whenever the exchange wakes them, as those of connections do.
final class Play {
  /// The time at which each play begins.
  private static let start = Instant.zero + .seconds(100)

  var exchange: Exchange
  private(set) var now = Play.start
  /// The sources whose blocks are wrong.
  var liars: Set<PeerNumber> = []
  private let geometry: PieceGeometry
  private var record: [ExchangeAction] = []

  /// Creates the play of a torrent with `pieces` pieces of `blocks` blocks.
  ///
  /// - Parameters:
  ///   - pieces: The number of pieces.
  ///   - blocks: The number of blocks of each piece.
  ///   - verified: The pieces that are here already.
  ///   - wanted: The pieces to fetch; nil for all.
  ///   - isKnown: True if the pieces are known from the start.
  ///   - adjust: Changes the settings.
  /// - Throws: An expectation's error if there is no such torrent.
  init(
    pieces: Int = 4, blocks: Int = 4, verified: [Int] = [], wanted: [Int]? = nil,
    isKnown: Bool = true, adjust: (inout ExchangeSettings) -> Void = { _ in }
  ) throws {
    let length = blocks * Block.standardLength
    geometry = try #require(
      PieceGeometry(totalLength: Int64(pieces * length), pieceLength: length))
    var settings = ExchangeSettings()
    settings.isSequential = true
    adjust(&settings)
    exchange = Exchange(settings: settings, random: SeededRandom(seed: 7), now: Play.start)
    if isKnown { begin(verified: verified, wanted: wanted) }
  }

  /// Tells the exchange the pieces.
  func begin(verified: [Int] = [], wanted: [Int]? = nil) {
    exchange.begin(
      geometry: geometry, verified: set(verified),
      wanted: wanted.map(set) ?? Bitfield(count: geometry.pieceCount, filled: true))
  }

  /// The set of these pieces.
  func set(_ pieces: [Int]) -> Bitfield {
    var set = Bitfield(count: geometry.pieceCount)
    for piece in pieces { set.insert(PieceIndex(piece)) }
    return set
  }

  // MARK: - Time

  /// Sets the time, in seconds since the beginning.
  func at(_ seconds: Double) { now = Play.start + .seconds(seconds) }

  /// Lets the regular tick come now.
  func tick(someoneWaits: Bool = false) {
    exchange.tick(someoneWaits: someoneWaits, now: now)
    letLanesPull()
  }

  /// Lets time pass with two ticks a second; returns what was done meanwhile.
  @discardableResult
  func ticks(until seconds: Double, someoneWaits: Bool = false) -> [ExchangeAction] {
    let end = Play.start + .seconds(seconds)
    while now < end {
      now = min(now + .milliseconds(500), end)
      tick(someoneWaits: someoneWaits)
    }
    return actions()
  }

  // MARK: - Actions

  /// Returns the actions since the last call, and forgets them.
  ///
  /// The play itself carries out `wake`: it lets the lanes pull.
  func actions() -> [ExchangeAction] {
    letLanesPull()
    defer { record.removeAll() }
    return record
  }

  /// Lets all lanes that are woken pull until they find nothing.
  private func letLanesPull() {
    var due: [PeerNumber] = []
    drain(&due)
    while !due.isEmpty {
      let source = due.removeFirst()
      guard exchange.kind(of: source) == .peer else { continue }
      while let claim = exchange.pull(source, now: now) {
        exchange.use(claim, for: source, now: now)
        drain(&due)
      }
      drain(&due)
    }
  }

  private func drain(_ due: inout [PeerNumber]) {
    var batch: [ExchangeAction] = []
    exchange.swapActions(&batch)
    for action in batch {
      guard case .wake(let source) = action else {
        record.append(action)
        continue
      }
      if !due.contains(source) { due.append(source) }
    }
  }
}

extension Exchange {
  /// Returns the kind of a connected source.
  func kind(of source: PeerNumber) -> SourceKind? {
    board.peers.place(of: source).map { board.peers.dealings[$0].kind }
  }
}

extension PeerNumber: ExpressibleByIntegerLiteral {
  /// Lets plays say `1` for a peer.
  package init(integerLiteral value: Int) { self.init(value) }
}

extension PieceIndex: ExpressibleByIntegerLiteral {
  /// Lets plays say `1` for a piece.
  public init(integerLiteral value: Int) { self.init(value) }
}

/// Returns a whole block of a piece.
func block(_ piece: Int, _ number: Int) -> Block { blocks(piece, [number])[0] }

/// Returns whole blocks of a piece, in the order of their numbers.
func blocks(_ piece: Int, _ numbers: some Sequence<Int>) -> [Block] {
  numbers.map { number in
    Block(
      piece: PieceIndex(piece), offset: number * Block.standardLength,
      length: Block.standardLength)
  }
}
