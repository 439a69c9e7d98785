/// One row of the table of frames: the length of a kind of message, and when it may be sent.
///
/// `InboundMachine` and `PreludeReader` judge frames by this table (BEP 3, 5 and 10), so a frame
/// that one of them refuses or skips is refused or skipped by the other. Messages that are not in
/// the table are skipped, and a new kind of message starts with a row here. `PeerConnectionMachine`
/// decides what a message means and how often a peer may send it.
package struct FrameRule: Equatable, Sendable {
  /// The rule for the length of a message after its id.
  package enum Body: Equatable, Sendable {
    /// A fixed number of bytes.
    case exactly(Int)
    /// One bit for each piece.
    case bitfield
    /// A piece index, an offset, and the payload of a block.
    case block
    /// The id of an extension's message, and its payload; messages that are too long are skipped.
    case extended
  }

  /// The treatment of a message before the torrent's pieces are known.
  package enum Prelude: Equatable, Sendable {
    /// The message is kept unread for later, because it speaks of pieces.
    case kept
    /// The message is read, and kept for later if it stays true.
    case read
    /// The message is dropped, because we have nothing to serve yet.
    case dropped
    /// The message is an offence, because no peer can have been asked for it.
    case refused
  }

  /// The id of the message on the wire.
  package let id: UInt8
  /// The length of the message after its id.
  package let body: Body
  /// The treatment of the message before the pieces are known.
  package let prelude: Prelude

  /// The table of frames.
  package static let all = [
    FrameRule(PeerMessage.ID.choke, .exactly(0), .kept),
    FrameRule(PeerMessage.ID.unchoke, .exactly(0), .kept),
    FrameRule(PeerMessage.ID.interested, .exactly(0), .kept),
    FrameRule(PeerMessage.ID.notInterested, .exactly(0), .kept),
    FrameRule(PeerMessage.ID.have, .exactly(4), .kept),
    FrameRule(PeerMessage.ID.bitfield, .bitfield, .kept),
    FrameRule(PeerMessage.ID.request, .exactly(12), .dropped),
    FrameRule(PeerMessage.ID.piece, .block, .refused),
    FrameRule(PeerMessage.ID.cancel, .exactly(12), .dropped),
    FrameRule(PeerMessage.ID.port, .exactly(2), .read),
    FrameRule(PeerMessage.ID.extended, .extended, .read),
  ]

  /// The rows, indexed by message id.
  private static let byID: [FrameRule?] = (0...UInt8.max).map { id in all.first { $0.id == id } }

  private init(_ id: UInt8, _ body: Body, _ prelude: Prelude) {
    self.id = id
    self.body = body
    self.prelude = prelude
  }

  /// Returns the row of a message id; nil if the table has none.
  package static func of(_ id: UInt8) -> FrameRule? { byID[Int(id)] }

  /// The treatment of a frame.
  package enum Treatment: Equatable, Sendable {
    /// The frame is read by this rule.
    case read(FrameRule)
    /// The frame is skipped.
    case skip
  }

  /// Decides how to treat a frame by its first five bytes; it must not be a keep-alive.
  ///
  /// - Parameters:
  ///   - id: The message id.
  ///   - length: The announced length of the frame in bytes, with the id.
  ///   - pieceCount: The number of pieces of the torrent; nil if it is not known yet.
  /// - Throws: `WireError` if no such message can have this length.
  /// - Returns: The treatment of the frame.
  package static func judge(
    id: UInt8, length: Int, pieceCount: Int?
  ) throws(WireError) -> Treatment {
    guard length <= PeerMessage.Limit.frame else { throw .frameTooLong(length) }
    guard let rule = of(id) else { return .skip }
    let fits =
      switch rule.body {
      case .exactly(let count): length == 1 + count
      // The decoder refuses a bitfield that is too short.
      case .bitfield: length <= 1 + longestBitfield(pieceCount)
      case .block: length > 9 && length - 9 <= PeerMessage.Limit.request
      case .extended: length >= 2
      }
    guard fits else { throw .badLength(id: id, length: length) }
    if rule.body == .extended, length > PeerMessage.Limit.extended + 2 { return .skip }
    return .read(rule)
  }

  private static func longestBitfield(_ pieceCount: Int?) -> Int {
    pieceCount.map { ($0 + 7) / 8 } ?? PreludeReader.replayLimit
  }
}
