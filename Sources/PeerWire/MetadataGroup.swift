import Hashing
import Primitives

/// Peers that claim one length of the metadata, and what they have sent of it.
struct MetadataGroup: Sendable {
  private struct Piece: Sendable {
    let bytes: [UInt8]
    let sender: Int
  }

  /// What somebody sent in a try that failed.
  private struct Doubt: Sendable {
    let piece: Int
    let digest: SHA1Digest
    let sender: Int
  }

  /// How slow a group may be before others have their turn, in bytes per second.
  private static let slowestRate = 16 << 10
  /// How long the shortest turn lasts.
  private static let shortestTurn = Duration.seconds(30)

  let size: Int
  /// The peers, in the order in which they joined.
  var members: [Int]
  /// Whether pieces must come from one peer, because those of several did not fit together.
  var needsSolo = false
  /// The peer from which all pieces come now.
  private(set) var soloist: Int?
  /// When each piece was asked of anybody last.
  var lastAsked: [Instant?]
  /// When its turn ends; nil while it waits for one.
  private(set) var turnEnds: Instant?
  /// How many turns it has had.
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

  /// Whether every piece is there.
  var isWhole: Bool { missingCount == 0 }

  /// How many bytes are there.
  var receivedCount: Int { pieces.reduce(0) { $0 + ($1?.bytes.count ?? 0) } }

  /// How long a piece is; nil when there is none of that number.
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

  /// Everything, once it is whole.
  var bytes: [UInt8] { pieces.flatMap { $0?.bytes ?? [] } }

  /// Who has sent pieces of this try, in rising order.
  var senders: [Int] { Set(pieces.compactMap { $0?.sender }).sorted() }

  /// The pieces that may be asked for now, those first that nobody was asked for longest.
  func wanted(now: Instant) -> [Int] {
    pieces.indices.filter { piece in
      pieces[piece] == nil
        && lastAsked[piece].map { now - $0 >= MetadataAssembler.repeatPause } ?? true
    }.sorted { left, right in
      (lastAsked[left] ?? .zero, left) < (lastAsked[right] ?? .zero, right)
    }
  }

  // MARK: - Tries

  /// Notes who sent what in a try that failed, for the day on which the truth is known.
  mutating func rememberDoubts() {
    doubts = pieces.indices.compactMap { index in
      pieces[index].map {
        Doubt(piece: index, digest: SHA1.digest(of: $0.bytes), sender: $0.sender)
      }
    }
  }

  /// The peer has been found out in another way.
  mutating func forgetDoubts(of peer: Int) {
    doubts.removeAll { $0.sender == peer }
  }

  /// Those whose pieces of the failed try differ from the true ones, in rising order.
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

  /// From now on all pieces come from this peer.
  mutating func begin(solo peer: Int, now: Instant) {
    soloist = peer
    turnEnds = now + turnLength
  }

  // MARK: - Turns

  /// Each turn is twice as long as the one before, so that slow peers get there in the end.
  private var turnLength: Duration {
    let time = Self.shortestTurn + .seconds(Double(size) / Double(Self.slowestRate))
    return time * (1 << min(turns, 10))
  }

  /// It may fetch from now on.
  mutating func beginTurn(now: Instant) {
    turnEnds = now + turnLength
  }

  /// It has had its time: what it has goes, and it waits for the next turn.
  mutating func endTurn() {
    turns += 1
    turnEnds = nil
    restart()
  }

  /// The time is up, but nobody else needs it.
  mutating func prolongTurn(now: Instant) {
    turns += 1
    turnEnds = now + turnLength
  }
}
