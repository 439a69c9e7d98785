import Primitives

/// Reads what a peer says while the torrent's pieces are not known yet (BEP 9).
///
/// Messages that speak of pieces, and others that stay true, are kept as they came. Once the pieces
/// are known, the connection reads them in `replay` as if it began then. Memory is bounded: a peer
/// that says more than `replayLimit` is of no use.
package struct PreludeReader: Sendable {
  /// The number of bytes that are kept for later: the longest bitfield that is read, and as much
  /// again.
  package static let replayLimit = 512 << 10

  private var kept: [UInt8] = []
  private var buffer: [UInt8] = []
  private var start = 0
  /// The number of bytes still to come of a message that is skipped.
  private var skipping = 0

  /// Starts right after the handshake.
  package init() {}

  /// Takes bytes as they come.
  package mutating func receive(_ bytes: some Collection<UInt8>) {
    buffer += bytes
  }

  /// Returns the next message that makes sense without the pieces; nil when more bytes are needed.
  ///
  /// Throws when the peer breaks the protocol; the connection is then of no further use.
  package mutating func nextMessage() throws(WireError) -> PeerMessage? {
    while true {
      skip()
      guard skipping == 0, let frame = try takeFrame() else { return nil }
      guard case .message(let rule, let body) = frame else {
        if frame == .keepAlive { return .keepAlive }
        continue
      }
      switch rule.prelude {
      case .refused: throw .earlyBlock
      case .dropped: continue
      case .kept: try keep(rule.id, body)
      case .read: return try read(rule, body)
      }
    }
  }

  /// Reads a message that makes sense without the pieces, and keeps it for later if it stays true.
  private mutating func read(
    _ rule: FrameRule, _ body: [UInt8]
  ) throws(WireError) -> PeerMessage {
    var reader = ByteReader(body)
    if rule.body == .extended, let number = reader.read(UInt8.self) {
      if number == 0 { try keep(rule.id, body) }
      return .extended(number: number, payload: Array(reader.rest))
    }
    guard let port = reader.read(UInt16.self) else {
      throw .badLength(id: rule.id, length: body.count + 1)
    }
    try keep(rule.id, body)
    return .port(port)
  }

  /// The bytes that the next reader of the connection has to read first.
  package var replay: [UInt8] {
    var bytes = kept
    if skipping > 0 {
      // The rest of a skipped message becomes a message of its own.
      bytes.appendBigEndian(UInt32(truncatingIfNeeded: skipping + 1))
      bytes.append(.max)
    }
    return bytes + buffer[start...]
  }

  private mutating func keep(_ id: UInt8, _ body: [UInt8]) throws(WireError) {
    guard kept.count + body.count + 5 <= Self.replayLimit else {
      throw .longPrelude(limit: Self.replayLimit)
    }
    kept.appendBigEndian(UInt32(truncatingIfNeeded: body.count + 1))
    kept.append(id)
    kept += body
  }

  /// The result of reading one frame.
  private enum Frame: Equatable {
    case keepAlive
    case message(FrameRule, [UInt8])
    case skipped
  }

  /// Takes the next frame off the buffer; returns nil if more bytes are needed.
  private mutating func takeFrame() throws(WireError) -> Frame? {
    var reader = ByteReader(buffer[start...])
    guard let length = reader.read(UInt32.self).map(Int.init) else { return nil }
    if length == 0 {
      drop(4)
      return .keepAlive
    }
    guard let id = reader.read(UInt8.self) else { return nil }
    guard case .read(let rule) = try FrameRule.judge(id: id, length: length, pieceCount: nil) else {
      drop(5)
      skipping = length - 1
      return .skipped
    }
    // The connection ends at once; there is no need for the rest.
    guard rule.prelude != .refused else { return .message(rule, []) }
    guard buffer.count - start >= 4 + length else { return nil }
    let body = Array(buffer[start + 5..<start + 4 + length])
    drop(4 + length)
    return .message(rule, body)
  }

  private mutating func skip() {
    let count = min(skipping, buffer.count - start)
    skipping -= count
    drop(count)
  }

  private mutating func drop(_ count: Int) {
    start += count
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      start = 0
    } else if start > 64 << 10 {
      buffer.removeFirst(start)
      start = 0
    }
  }
}
