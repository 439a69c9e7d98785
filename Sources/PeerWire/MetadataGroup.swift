import Hashing
import Primitives

/// Peers that claim one length of the metadata, and the pieces that they have sent.
struct MetadataGroup: Sendable {
  private struct Piece: Sendable {
    let bytes: [UInt8]
    let sender: Int
  }

  /// A piece that a peer sent in a try that failed.
  private struct Doubt: Sendable {
    let piece: Int
    let digest: SHA1Digest
    let sender: Int
  }

  /// The lowest rate of a group before others have their turn, in bytes per second.
  private static let slowestRate = 16 << 10
  /// The length of the shortest turn, without the time for the bytes.
  private static let shortestTurn = Duration.seconds(30)

  let size: Int
  /// The peers, in the order in which they joined.
  var members: [Int]
  /// A Boolean value indicating whether pieces must come from one peer, because those of several
  /// did not fit together.
  var needsSolo = false
  /// The peer from which all pieces come now.
  private(set) var soloist: Int?
  /// The time at which each piece was last requested from any peer.
  var lastAsked: [Instant?]
  /// The end of its turn; nil while it waits for one.
  private(set) var turnEnds: Instant?
  /// The number of turns that it has had.
  private(set) var turns = 0
  private var pieces: [Piece?]
  private var missingCount: Int
  private var doubts: [Doubt] = []

  init(size: Int, firstMember: Int) {
    self.size = size
    members = [firstMember]
    let count = MetadataMessage.pieceCount(ofSize: size)
    pieces = Array(repeating: nil, count: count)
    lastAsked = Array(repeating: nil, count: count)
    missingCount = count
  }

  /// A Boolean value indicating whether every piece has arrived.
  var isWhole: Bool { missingCount == 0 }

  /// The number of bytes that have arrived.
  var receivedCount: Int { pieces.reduce(0) { $0 + ($1?.bytes.count ?? 0) } }

  /// Returns the length of a piece; nil when there is none of that number.
  func length(of piece: Int) -> Int? {
    guard pieces.indices.contains(piece) else { return nil }
    return min(MetadataMessage.pieceLength, size - piece * MetadataMessage.pieceLength)
  }

  /// Keeps a piece, if it is missing and the sender is the one from which pieces must come.
  mutating func store(_ bytes: [UInt8], as piece: Int, from sender: Int) {
    guard pieces[piece] == nil, needsSolo == false || soloist == sender else { return }
    pieces[piece] = Piece(bytes: bytes, sender: sender)
    missingCount -= 1
  }

  /// The bytes of all pieces, once the group is whole.
  var bytes: [UInt8] { pieces.flatMap { $0?.bytes ?? [] } }

  /// The peers that have sent pieces of this try, in rising order.
  var senders: [Int] { Set(pieces.compactMap { $0?.sender }).sorted() }

  /// Returns the pieces that may be requested now, those with the oldest request first.
  func wanted(now: Instant) -> [Int] {
    pieces.indices.filter { piece in
      pieces[piece] == nil
        && lastAsked[piece].map { now - $0 >= MetadataAssembler.repeatPause } ?? true
    }.sorted { left, right in
      (lastAsked[left] ?? .zero, left) < (lastAsked[right] ?? .zero, right)
    }
  }

  // MARK: - Tries

  /// Notes the sender of each piece in a try that failed, until the right pieces are known.
  mutating func rememberDoubts() {
    doubts = pieces.indices.compactMap { index in
      pieces[index].map {
        Doubt(piece: index, digest: SHA1.digest(of: $0.bytes), sender: $0.sender)
      }
    }
  }

  /// Forgets the doubts about a peer that has been exposed in another way.
  mutating func forgetDoubts(of peer: Int) {
    doubts.removeAll { $0.sender == peer }
  }

  /// The peers whose pieces of the failed try differ from the right ones, in rising order.
  var exposedSenders: [Int] {
    let truth = pieces.map { SHA1.digest(of: $0?.bytes ?? []) }
    return Set(doubts.filter { $0.digest != truth[$0.piece] }.map(\.sender)).sorted()
  }

  /// Forgets all pieces; the next try may have another soloist.
  mutating func restart() {
    for index in pieces.indices {
      pieces[index] = nil
      lastAsked[index] = nil
    }
    missingCount = pieces.count
    soloist = nil
  }

  /// Makes this peer the one from which all pieces come.
  mutating func begin(solo peer: Int, now: Instant) {
    soloist = peer
    turnEnds = now + turnLength
  }

  // MARK: - Turns

  /// The length of the next turn: twice the one before, so that slow peers succeed in the end.
  private var turnLength: Duration {
    let time = Self.shortestTurn + .seconds(Double(size) / Double(Self.slowestRate))
    return time * (1 << min(turns, 10))
  }

  /// Begins a turn, in which the group may fetch.
  mutating func beginTurn(now: Instant) {
    turnEnds = now + turnLength
  }

  /// Ends the turn: its pieces are dropped, and the group waits for the next turn.
  mutating func endTurn() {
    turns += 1
    turnEnds = nil
    restart()
  }

  /// Goes on with another turn at once, because no other group waits.
  mutating func prolongTurn(now: Instant) {
    turns += 1
    turnEnds = now + turnLength
  }
}
