package import Primitives

/// A peer's breach of the protocol, which costs the peer its connection.
package enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The first bytes are no BitTorrent handshake.
  case notBitTorrent
  /// The handshake names another torrent.
  case otherTorrent
  /// The handshake carries our own peer id: we dialled ourselves.
  case ourselves
  /// A frame announces more bytes than any message may have.
  case frameTooLong(Int)
  /// A message has a length that its kind cannot have.
  case badLength(id: UInt8, length: Int)
  /// A piece number that the torrent does not have.
  case noSuchPiece(UInt32)
  /// A block that is empty, too long, or not inside its piece.
  case badBlock(piece: UInt32, offset: UInt32, length: UInt32)
  /// A bitfield of the wrong length, or with spare bits set.
  case badBitfield
  /// More unrequested blocks than the peer may send.
  case unrequestedBlock(Block)
  /// A message of an extension that is none of its messages.
  case badExtensionMessage(WireExtension)
  /// Messages of an extension that come much faster than it allows.
  case extensionFlood(WireExtension)
  /// Messages of the extension protocol, of any kind, that come faster than any peer needs.
  case extendedFlood
  /// Bitfields again and again, although the first one is the only one that means anything new.
  case bitfieldFlood
  /// More requests than we said we would queue.
  case tooManyRequests(limit: Int)
  /// A block although nobody can have asked for one yet.
  case earlyBlock
  /// More messages than make sense before any request.
  case longPrelude(limit: Int)

  /// One clause that names the breach.
  package var description: String {
    switch self {
    case .notBitTorrent: "the handshake is not BitTorrent's"
    case .otherTorrent: "the handshake names another torrent"
    case .ourselves: "the connection leads back to ourselves"
    case .frameTooLong(let length): "a frame of \(length) bytes is too long"
    case .badLength(let id, let length): "message \(id) cannot be \(length) bytes long"
    case .noSuchPiece(let number): "the torrent has no piece \(number)"
    case .badBlock(let piece, let offset, let length):
      "block \(piece):\(offset)+\(length) does not lie inside a piece"
    case .badBitfield: "the bitfield does not fit the torrent"
    case .unrequestedBlock(let block): "block \(block) was not requested"
    case .badExtensionMessage(let each): "a message of \(each.name) makes no sense"
    case .extensionFlood(let each): "messages of \(each.name) come too fast"
    case .extendedFlood: "messages of extensions come too fast"
    case .bitfieldFlood: "bitfields come again and again"
    case .earlyBlock: "a block came although none was asked for"
    case .longPrelude(let limit): "it said more than \(limit) bytes before it was asked anything"
    case .tooManyRequests(let limit): "more than \(limit) requests are waiting"
    }
  }
}
