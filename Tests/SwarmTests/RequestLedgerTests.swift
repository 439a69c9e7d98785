import Primitives
import Swarm
import Testing

/// The counting of one peer's blocks, as plays: timed inputs, and their outcomes.
@Suite struct RequestLedgerTests {
  @Test func aBlockThatWasAskedForAnswersItsRequest() {
    play(
      (0.0, .ask(1), .nothing),
      (0.0, .ask(2), .nothing),
      (0.3, .block(1), .answer(isInOrder: true)),
      (0.4, .block(2), .answer(isInOrder: true)),
      (0.5, .block(2), .unrequested))
  }

  @Test func aBlockThatNobodyAskedForDoesNotCount() {
    play(
      (0.0, .block(1), .unrequested),
      (0.0, .ask(2), .nothing),
      (0.1, .block(1), .unrequested),
      (0.2, .part(2), .unrequested),
      (0.3, .block(2), .answer(isInOrder: true)))
  }

  @Test func anotherOrderIsSeen() {
    play(
      (0.0, .ask(1), .nothing),
      (0.0, .ask(2), .nothing),
      (0.3, .block(2), .answer(isInOrder: false)),
      (0.4, .block(1), .answer(isInOrder: true)))
  }

  @Test func whatAChokeTakesBackMayStillComeOnce() {
    play(
      (0.0, .ask(1), .nothing),
      (0.0, .ask(2), .nothing),
      (1.0, .choke, .back([1, 2])),
      (1.1, .block(2), .late),
      (1.2, .block(2), .unrequested),
      (1.3, .block(1), .late))
  }

  @Test func aBlockThatCrossesACancelIsLate() {
    play(
      (0.0, .ask(1), .nothing),
      (1.0, .cancel(1), .ended(true)),
      (1.0, .cancel(1), .ended(false)),
      (1.1, .block(1), .late))
  }

  @Test func aBlockOfARequestThatTimedOutIsLate() {
    play(
      (0.0, .ask(1), .nothing),
      (0.0, .ask(2), .nothing),
      (20.0, .timeOut(1), .back([1])),
      (21.0, .block(2), .answer(isInOrder: true)),
      (22.0, .block(1), .late))
  }

  @Test func aMinuteLaterItIsTooLate() {
    play(
      (0.0, .ask(1), .nothing),
      (0.0, .ask(2), .nothing),
      (10.0, .choke, .back([1, 2])),
      (70.0, .block(1), .late),
      (70.1, .block(2), .unrequested))
  }

  /// Both copies may be under way, and the peer is not to blame for either.
  @Test func aBlockThatIsAskedForAgainMayComeTwice() {
    play(
      (0.0, .ask(1), .nothing),
      (0.1, .cancel(1), .ended(true)),
      (0.2, .ask(1), .nothing),
      (0.3, .block(1), .answer(isInOrder: true)),
      (0.4, .block(1), .late),
      (0.5, .block(1), .unrequested))
  }

  @Test func whoSendsMoreThanAFewIsAFlood() {
    let limit = RequestLedger.Policy().unrequestedLimit
    let peer = LedgerPlay()
    for number in 0..<limit {
      #expect(peer.act(.block(number), at: 1) == .unrequested)
      #expect(!peer.isFlooded)
    }
    #expect(peer.act(.block(0), at: 1) == .unrequested)
    #expect(peer.isFlooded)
  }

  @Test func usefulBlocksMakeUpForStrayOnes() {
    let policy = RequestLedger.Policy()
    let peer = LedgerPlay()
    for number in 0..<policy.unrequestedLimit { _ = peer.act(.block(number), at: 1) }
    for number in 0..<policy.answersPerPardon {
      _ = peer.act(.ask(number), at: 2)
      _ = peer.act(.block(number), at: 2)
    }
    _ = peer.act(.block(0), at: 3)
    #expect(!peer.isFlooded)
    _ = peer.act(.block(0), at: 3)
    #expect(peer.isFlooded)
  }

  @Test func noMoreEndsAreRememberedThanMayBeUnderWay() {
    let limit = RequestLedger.Policy().endedLimit
    let peer = LedgerPlay()
    for number in 0...limit { _ = peer.act(.ask(number), at: 1) }
    _ = peer.act(.choke, at: 2)
    #expect(peer.act(.block(0), at: 2) == .unrequested, "the oldest is forgotten")
    #expect(peer.act(.block(1), at: 2) == .late)
    #expect(peer.broken == nil)
  }

  private typealias Line = (time: Double, input: LedgerPlay.Input, outcome: LedgerPlay.Outcome)

  private func play(_ lines: Line...) {
    let peer = LedgerPlay()
    for (index, line) in lines.enumerated() {
      #expect(peer.standing(line.input, at: line.time) == line.outcome.standing, "line \(index)")
      #expect(peer.act(line.input, at: line.time) == line.outcome, "line \(index)")
      #expect(peer.broken == nil)
    }
  }
}

/// One peer's ledger behind a reference, and the language of its plays.
final class LedgerPlay {
  enum Input {
    case ask(Int)
    /// The whole block of that number.
    case block(Int)
    /// Its first half, which is another block.
    case part(Int)
    case cancel(Int)
    case choke
    case timeOut(Int)
  }

  enum Outcome: Equatable {
    case nothing
    case answer(isInOrder: Bool)
    case late
    case unrequested
    case ended(Bool)
    case back([Int])

    /// The standing that decides on the block's place, before the block is there.
    var standing: BlockStanding? {
      switch self {
      case .answer: .owed(isDuplicate: false)
      case .late: .late
      case .unrequested: .unrequested
      default: nil
      }
    }
  }

  private var ledger = RequestLedger()

  var isFlooded: Bool { ledger.isFlooded }
  var broken: String? { ledger.checkInvariants() }

  static func block(_ number: Int, length: Int = Block.standardLength) -> Block {
    Block(
      piece: PieceIndex(number / 16), offset: number % 16 * Block.standardLength, length: length)
  }

  func standing(_ input: Input, at time: Double) -> BlockStanding? {
    let now = Instant.zero + .seconds(time)
    switch input {
    case .block(let number): return ledger.standing(of: Self.block(number), now: now)
    case .part(let number): return ledger.standing(of: Self.block(number, length: 8192), now: now)
    default: return nil
    }
  }

  func act(_ input: Input, at time: Double) -> Outcome {
    let now = Instant.zero + .seconds(time)
    switch input {
    case .ask(let number):
      ledger.asked(for: Self.block(number), isDuplicate: false, now: now)
      return .nothing
    case .block(let number): return Self.outcome(ledger.received(Self.block(number), now: now))
    case .part(let number):
      return Self.outcome(ledger.received(Self.block(number, length: 8192), now: now))
    case .cancel(let number): return .ended(ledger.cancelled(Self.block(number), now: now))
    case .choke: return .back(Self.numbers(ledger.choked(now: now)))
    case .timeOut(let count): return .back(Self.numbers(ledger.timedOut(first: count, now: now)))
    }
  }

  private static func outcome(_ arrival: RequestLedger.Arrival) -> Outcome {
    switch arrival {
    case .answer(_, let isInOrder): .answer(isInOrder: isInOrder)
    case .late: .late
    case .unrequested: .unrequested
    }
  }

  private static func numbers(_ blocks: [Block]) -> [Int] {
    blocks.map { $0.piece.value * 16 + $0.number }
  }
}
