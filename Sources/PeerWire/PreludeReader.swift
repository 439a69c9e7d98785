import Primitives

/// Reads what a peer says while the torrent's pieces are not known yet (BEP 9).
///
/// Nothing of it is lost: what speaks of pieces, and what else stays true, is kept as it came, so
/// that whoever knows the pieces can read it in `replay` as if the connection began then. Bounded:
/// a peer that says more than `replayLimit` is of no use.
package struct PreludeReader: Sendable {
  /// How many bytes are kept for later: the longest bitfield that is read, and as much again.
  package static let replayLimit = 512 << 10

  private var kept: [UInt8] = []
  private var buffer: [UInt8] = []
  private var start = 0
  /// How many bytes of a message that is too long to be looked at are still to come.
  private var skipping = 0

  /// Starts right after the handshake.
  package init() {}

  /// Takes bytes as they come.
  package mutating func receive(_ bytes: some Collection<UInt8>) {
    buffer += bytes
  }

  /// The next message that means something without the pieces; nil when more bytes are needed.
  ///
  /// Throws when the peer breaks the protocol; the connection is then of no further use.
  package mutating func nextMessage() throws(WireError) -> PeerMessage? {
    while true {
      skip()
      guard skipping == 0, let (id, body) = try takeFrame() else { return nil }
      guard let id else { return .keepAlive }
      switch id {
      case PeerMessage.ID.piece: throw .earlyBlock
      case PeerMessage.ID.extended:
        guard let number = body.first else { throw .badLength(id: id, length: 1) }
        if number == 0 { try keep(id, body) }
        return .extended(number: number, payload: Array(body.dropFirst()))
      case PeerMessage.ID.request, PeerMessage.ID.cancel: continue  // we have nothing to give
      case PeerMessage.ID.port:
        try keep(id, body)
        var reader = ByteReader(body)
        guard body.count == 2, let port = reader.read(UInt16.self) else {
          throw .badLength(id: id, length: body.count + 1)
        }
        return .port(port)
      case ...PeerMessage.ID.bitfield: try keep(id, body)
      default: continue
      }
    }
  }

  /// What the connection has brought that whoever goes on with it has to read first.
  package var replay: [UInt8] {
    var bytes = kept
    if skipping > 0 {
      // The rest of a message that nobody looks at becomes one of its own.
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

  /// Takes a whole frame; its number is nil for the empty one.
  private mutating func takeFrame() throws(WireError) -> (id: UInt8?, body: [UInt8])? {
    var reader = ByteReader(buffer[start...])
    guard let length = reader.read(UInt32.self).map(Int.init) else { return nil }
    if length == 0 {
      drop(4)
      return (nil, [])
    }
    guard length <= PeerMessage.Limit.frame else { throw .frameTooLong(length) }
    guard let id = reader.read(UInt8.self) else { return nil }
    let isKnown = id <= PeerMessage.ID.port || id == PeerMessage.ID.extended
    let limit =
      switch id {
      case PeerMessage.ID.bitfield, PeerMessage.ID.extended: Self.replayLimit
      default: 13
      }
    if isKnown, id != PeerMessage.ID.piece, length > limit {
      throw .badLength(id: id, length: length)
    }
    if !isKnown || id == PeerMessage.ID.extended && length > PeerMessage.Limit.extended + 2 {
      drop(5)
      skipping = length - 1
      skip()
      return skipping > 0 ? nil : (.max, [])
    }
    if id == PeerMessage.ID.piece { return (id, []) }
    guard buffer.count - start >= 4 + length else { return nil }
    let body = Array(buffer[start + 5..<start + 4 + length])
    drop(4 + length)
    return (id, body)
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
