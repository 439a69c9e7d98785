package import Primitives

/// A message between peers after the handshake, except the payload of `piece` (BEP 3).
package enum PeerMessage: Equatable, Sendable {
  /// The empty frame, which only says that the connection lives.
  case keepAlive
  /// The sender answers no requests from now on.
  case choke
  /// The sender answers requests from now on.
  case unchoke
  /// The sender wants pieces that the receiver has.
  case interested
  /// The sender wants nothing that the receiver has.
  case notInterested
  /// The sender has got this piece.
  case have(PieceIndex)
  /// All the pieces that the sender has.
  case bitfield(Bitfield)
  /// The sender wants this block.
  case request(Block)
  /// The sender no longer wants this block.
  case cancel(Block)
  /// The peer's DHT port (BEP 5).
  case port(UInt16)
  /// A message of the extension protocol (BEP 10); number 0 is its handshake.
  case extended(number: UInt8, payload: [UInt8])
  /// A message that is unknown, or too long to be read; it is skipped.
  case unknown(id: UInt8)

  /// The numbers that messages carry on the wire.
  package enum ID {
    /// `PeerMessage.choke`.
    package static let choke: UInt8 = 0
    /// `PeerMessage.unchoke`.
    package static let unchoke: UInt8 = 1
    /// `PeerMessage.interested`.
    package static let interested: UInt8 = 2
    /// `PeerMessage.notInterested`.
    package static let notInterested: UInt8 = 3
    /// `PeerMessage.have`.
    package static let have: UInt8 = 4
    /// `PeerMessage.bitfield`.
    package static let bitfield: UInt8 = 5
    /// `PeerMessage.request`.
    package static let request: UInt8 = 6
    /// The frame of a block, which has no `PeerMessage`: its payload goes straight into its place.
    package static let piece: UInt8 = 7
    /// `PeerMessage.cancel`.
    package static let cancel: UInt8 = 8
    /// `PeerMessage.port`.
    package static let port: UInt8 = 9
    /// `PeerMessage.extended`.
    package static let extended: UInt8 = 20
  }

  /// Bounds on what a peer may send, in bytes.
  package enum Limit {
    /// The longest frame that is skipped when its message is unknown.
    package static let frame = 1 << 20
    /// The longest payload of the extension protocol that is read; longer ones are skipped.
    package static let extended = 64 << 10
    /// The longest block that a peer may ask for; larger ones are hostile (BEP 3 clients drop
    /// them).
    package static let request = 128 << 10
  }

  /// The number of bytes before a block's payload: length, id, piece and offset.
  package static let pieceHeaderLength = 13
}

// MARK: - Decoding

extension PeerMessage {
  /// Reads the body of a frame that is not `piece`.
  ///
  /// - Parameters:
  ///   - id: The message's number.
  ///   - body: The bytes after it.
  ///   - geometry: The geometry that indices and blocks must fit.
  /// - Throws: `WireError` when the kind of message does not allow the body.
  /// - Returns: The message.
  package static func decode(
    id: UInt8, body: [UInt8], geometry: PieceGeometry
  ) throws(WireError) -> PeerMessage {
    var reader = ByteReader(body)
    switch id {
    case ID.choke, ID.unchoke, ID.interested, ID.notInterested:
      guard body.isEmpty else { throw .badLength(id: id, length: body.count + 1) }
      return [.choke, .unchoke, .interested, .notInterested][Int(id)]
    case ID.have:
      guard body.count == 4, let number = reader.read(UInt32.self) else {
        throw .badLength(id: id, length: body.count + 1)
      }
      guard let piece = geometry.piece(number) else { throw .noSuchPiece(number) }
      return .have(piece)
    case ID.bitfield:
      guard let pieces = Bitfield(wireBytes: body, count: geometry.pieceCount) else {
        throw .badBitfield
      }
      return .bitfield(pieces)
    case ID.request: return .request(try decodeBlock(id: id, body: body, geometry: geometry))
    case ID.cancel: return .cancel(try decodeBlock(id: id, body: body, geometry: geometry))
    case ID.port:
      guard body.count == 2, let port = reader.read(UInt16.self) else {
        throw .badLength(id: id, length: body.count + 1)
      }
      return .port(port)
    case ID.extended:
      guard let number = reader.read(UInt8.self) else {
        throw .badLength(id: id, length: body.count + 1)
      }
      return .extended(number: number, payload: Array(reader.rest))
    default: return .unknown(id: id)
    }
  }

  private static func decodeBlock(
    id: UInt8, body: [UInt8], geometry: PieceGeometry
  ) throws(WireError) -> Block {
    var reader = ByteReader(body)
    guard body.count == 12, let piece = reader.read(UInt32.self),
      let offset = reader.read(UInt32.self), let length = reader.read(UInt32.self)
    else { throw .badLength(id: id, length: body.count + 1) }
    guard length <= Limit.request,
      let block = geometry.block(piece: piece, offset: offset, length: length)
    else { throw .badBlock(piece: piece, offset: offset, length: length) }
    return block
  }
}

// MARK: - Encoding

extension PeerMessage {
  /// Appends the whole frame, length prefix included; an unknown message is written empty.
  package func append(to bytes: inout [UInt8]) {
    switch self {
    case .keepAlive: bytes.appendBigEndian(UInt32(0))
    case .choke: Self.appendFrame(ID.choke, to: &bytes)
    case .unchoke: Self.appendFrame(ID.unchoke, to: &bytes)
    case .interested: Self.appendFrame(ID.interested, to: &bytes)
    case .notInterested: Self.appendFrame(ID.notInterested, to: &bytes)
    case .have(let piece):
      bytes.appendBigEndian(UInt32(5))
      bytes.append(ID.have)
      bytes.appendBigEndian(UInt32(piece.value))
    case .bitfield(let pieces):
      let body = pieces.wireBytes
      bytes.appendBigEndian(UInt32(1 + body.count))
      bytes.append(ID.bitfield)
      bytes += body
    case .request(let block): Self.appendFrame(ID.request, block, to: &bytes)
    case .cancel(let block): Self.appendFrame(ID.cancel, block, to: &bytes)
    case .port(let port):
      bytes.appendBigEndian(UInt32(3))
      bytes.append(ID.port)
      bytes.appendBigEndian(port)
    case .extended(let number, let payload):
      bytes.appendBigEndian(UInt32(truncatingIfNeeded: 2 + payload.count))
      bytes += [ID.extended, number]
      bytes += payload
    case .unknown(let id): Self.appendFrame(id, to: &bytes)
    }
  }

  /// Appends the 13 bytes that go before a block's payload.
  package static func appendPieceHeader(of block: Block, to bytes: inout [UInt8]) {
    bytes.appendBigEndian(UInt32(9 + block.length))
    bytes.append(ID.piece)
    bytes.appendBigEndian(UInt32(block.piece.value))
    bytes.appendBigEndian(UInt32(block.offset))
  }

  private static func appendFrame(_ id: UInt8, to bytes: inout [UInt8]) {
    bytes.appendBigEndian(UInt32(1))
    bytes.append(id)
  }

  private static func appendFrame(_ id: UInt8, _ block: Block, to bytes: inout [UInt8]) {
    bytes.appendBigEndian(UInt32(13))
    bytes.append(id)
    bytes.appendBigEndian(UInt32(block.piece.value))
    bytes.appendBigEndian(UInt32(block.offset))
    bytes.appendBigEndian(UInt32(block.length))
  }
}
