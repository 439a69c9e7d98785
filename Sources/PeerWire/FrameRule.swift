/// One row of the table of frames: how long a message of a number may be, and from when on it may
/// come.
///
/// Everything that reads frames goes by this table (BEP 3, 5 and 10), with the torrent known or not.
/// A message that is not in it is skipped; a new one begins as a row here. What a message means, and
/// how often a peer may send it, is for `PeerConnectionMachine` to say.
package struct FrameRule: Equatable, Sendable {
  /// How many bytes may come after the number.
  package enum Body: Equatable, Sendable {
    /// Always so many.
    case exactly(Int)
    /// One bit for each piece.
    case bitfield
    /// Piece, offset, and the payload of a block.
    case block
    /// The number of an extension's message, and its payload; longer ones are skipped.
    case extended
  }

  /// What it means while the pieces are not known.
  package enum Prelude: Equatable, Sendable {
    /// It can't mean anything yet, and is kept for later as it came.
    case kept
    /// It means something already, and some of it is kept as well.
    case read
    /// We have nothing to give, so it is dropped.
    case dropped
    /// It may not come yet: nobody can have been asked for it.
    case refused
  }

  /// The message's number on the wire.
  package let id: UInt8
  /// What comes after the number.
  package let body: Body
  /// What it means before the pieces are known.
  package let prelude: Prelude

  /// The table.
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

  /// The rows by their numbers.
  private static let byID: [FrameRule?] = (0...UInt8.max).map { id in all.first { $0.id == id } }

  private init(_ id: UInt8, _ body: Body, _ prelude: Prelude) {
    self.id = id
    self.body = body
    self.prelude = prelude
  }

  /// The row of a number; nil for a message that nobody here knows.
  package static func of(_ id: UInt8) -> FrameRule? { byID[Int(id)] }

  /// What is to be done with a frame.
  package enum Treatment: Equatable, Sendable {
    /// It is read.
    case read(FrameRule)
    /// It is passed over, however long it is.
    case skip
  }

  /// Judges the beginning of a frame that is not empty, before the rest of it is here.
  ///
  /// - Parameters:
  ///   - id: The message's number.
  ///   - length: How many bytes the frame announces, the number included.
  ///   - pieceCount: How many pieces the torrent has; nil while nobody knows.
  /// - Throws: `WireError` when no such message can be so long.
  /// - Returns: What is to be done with it.
  package static func judge(
    id: UInt8, length: Int, pieceCount: Int?
  ) throws(WireError) -> Treatment {
    guard length <= PeerMessage.Limit.frame else { throw .frameTooLong(length) }
    guard let rule = of(id) else { return .skip }
    let fits =
      switch rule.body {
      case .exactly(let count): length == 1 + count
      // A shorter one is found out with its bits.
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
