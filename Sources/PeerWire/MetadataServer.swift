package import Primitives

/// Gives one peer the `info` dictionary, as much and as fast as anybody can need (BEP 9).
///
/// A peer needs each piece once. Who asks for them again and again is refused after a few rounds,
/// who asks faster than we serve waits, and who asks without waiting is first refused and then not
/// answered at all.
package struct MetadataServer: Sendable {
  /// How many requests wait for their piece; those beyond are refused.
  package static let queueLimit = 64
  /// How many refusals wait to be sent; requests beyond that are dropped.
  static let refusalLimit = 64
  /// How many pieces a peer gets at once, and then in a second: 1 MiB.
  package static let piecesPerSecond = 64
  /// How often a peer may fetch the whole.
  static let roundLimit = 4

  private let info: ArraySlice<UInt8>
  private var requests = Fifo<Int>()
  private var refusals = Fifo<Int>()
  /// How many pieces the peer may have now, and since when it is so.
  private var allowance = Double(piecesPerSecond)
  private var lastTime: Instant?
  private var servedCount = 0

  /// Serves these bytes, the whole `info` dictionary; empty ones while it is not known.
  package init(info: ArraySlice<UInt8>) {
    self.info = info
  }

  private var pieceCount: Int { MetadataMessage.pieceCount(ofSize: info.count) }

  /// Whether a request waits for its answer.
  package var hasWork: Bool { !requests.isEmpty || !refusals.isEmpty }

  /// The peer wants a piece.
  package mutating func received(requestFor piece: Int) {
    let isServed =
      (0..<pieceCount).contains(piece) && requests.count < Self.queueLimit
      && servedCount + requests.count < Self.roundLimit * pieceCount
    if isServed {
      requests.append(piece)
    } else if refusals.count < Self.refusalLimit {
      refusals.append(piece)
    }
  }

  /// The next message for the peer; nil when there is none, or it has to wait.
  ///
  /// To be called after each request and each time the connection has taken what was said, and
  /// once a second or so for what has to wait.
  package mutating func nextReply(now: Instant) -> MetadataMessage? {
    let limit = Double(Self.piecesPerSecond)
    let passed = lastTime.map { max(0, (now - $0).inSeconds) } ?? 0
    allowance = min(limit, allowance + passed * limit)
    lastTime = now
    guard allowance >= 1 else { return nil }
    if let piece = refusals.popFirst() {
      // A refusal is short, but it is not for nothing either.
      allowance -= 0.1
      return .reject(piece: piece)
    }
    guard let piece = requests.popFirst() else { return nil }
    allowance -= 1
    servedCount += 1
    let start = info.startIndex + piece * MetadataMessage.pieceLength
    let end = min(start + MetadataMessage.pieceLength, info.endIndex)
    return .data(piece: piece, totalSize: info.count, bytes: Array(info[start..<end]))
  }
}
