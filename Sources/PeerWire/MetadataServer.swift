package import Primitives

/// Gives one peer the `info` dictionary, as often and as fast as any peer can need (BEP 9).
///
/// A peer needs each piece once. A peer that asks for them again and again is refused after a few
/// rounds, one that asks faster than we serve waits, and one that asks without waiting is first
/// refused and then not answered at all.
package struct MetadataServer: Sendable {
  /// The number of requests that may wait for their piece; those beyond are refused.
  package static let queueLimit = 64
  /// The number of refusals that may wait to be sent; requests beyond that are dropped.
  static let refusalLimit = 64
  /// The number of pieces that a peer gets at once, and then in a second: 1 MiB.
  package static let piecesPerSecond = 64
  /// The number of times that a peer may fetch the whole.
  static let roundLimit = 4

  private let info: ArraySlice<UInt8>
  private var requests = Fifo<Int>()
  private var refusals = Fifo<Int>()
  /// The number of pieces that the peer may have, and the time at which it was counted.
  private var allowance = Double(piecesPerSecond)
  private var lastTime: Instant?
  private var servedCount = 0

  /// Creates a server of these bytes: the whole `info` dictionary, or none while it is not known.
  package init(info: ArraySlice<UInt8>) {
    self.info = info
  }

  private var pieceCount: Int { MetadataMessage.pieceCount(ofSize: info.count) }

  /// A Boolean value indicating whether a request waits for its answer.
  package var hasWork: Bool { !requests.isEmpty || !refusals.isEmpty }

  /// Takes a request for a piece.
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

  /// Returns the next message for the peer; nil when there is none, or it has to wait.
  ///
  /// Call it after each request, each time the connection has taken the last reply, and about once
  /// a second for replies that have to wait.
  package mutating func nextReply(now: Instant) -> MetadataMessage? {
    let limit = Double(Self.piecesPerSecond)
    let passed = lastTime.map { max(0, (now - $0).inSeconds) } ?? 0
    allowance = min(limit, allowance + passed * limit)
    lastTime = now
    guard allowance >= 1 else { return nil }
    if let piece = refusals.popFirst() {
      // A refusal is short, but it is not free either.
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
