import Bencode

/// A message by which peers give each other the `info` dictionary (BEP 9).
package enum MetadataMessage: Equatable, Sendable {
  /// The sender wants this piece.
  case request(piece: Int)
  /// A piece; `totalSize` is the length of the whole in bytes, nil when the sender left it out.
  case data(piece: Int, totalSize: Int?, bytes: [UInt8])
  /// The sender does not give this piece.
  case reject(piece: Int)

  /// The length of every piece but the last, in bytes.
  package static let pieceLength = 16 << 10
  /// The longest message, in bytes: a piece and its dictionary.
  static let lengthLimit = 17 << 10

  /// Returns the number of pieces of metadata of this length.
  package static func pieceCount(ofSize size: Int) -> Int {
    (size + pieceLength - 1) / pieceLength
  }

  // MARK: - Reading

  /// Reads the payload of an extension message.
  ///
  /// Returns nil for a kind of message that BEP 9 does not know, which is to be ignored. Throws
  /// `WireError.badExtensionMessage` when the payload is not a message of the extension.
  package static func decode(_ payload: [UInt8]) throws(WireError) -> MetadataMessage? {
    guard payload.count <= lengthLimit, let message = ExtensionDictionary(payload),
      let kind = message.fields["msg_type"]?.integer
    else { throw .badExtensionMessage(.metadata) }
    guard (0...2).contains(kind) else { return nil }
    let pieces = Int64(pieceCount(ofSize: MetadataAssembler.sizeLimit))
    guard let number = message.fields["piece"]?.integer, (0..<pieces).contains(number) else {
      throw .badExtensionMessage(.metadata)
    }
    let piece = Int(number)
    switch kind {
    case 0: return .request(piece: piece)
    case 2: return .reject(piece: piece)
    default:
      guard (1...pieceLength).contains(message.rest.count) else {
        throw .badExtensionMessage(.metadata)
      }
      let size = message.fields["total_size"]?.integer.flatMap(MetadataAssembler.acceptedSize)
      return .data(piece: piece, totalSize: size, bytes: Array(message.rest))
    }
  }

  // MARK: - Writing

  /// The payload of the extension message.
  package var payload: [UInt8] {
    switch self {
    case .request(let piece): Self.dictionary(kind: 0, piece: piece).encodedBytes
    case .reject(let piece): Self.dictionary(kind: 2, piece: piece).encodedBytes
    case .data(let piece, let size, let bytes):
      Self.dictionary(kind: 1, piece: piece, size: size).encodedBytes + bytes
    }
  }

  private static func dictionary(kind: Int64, piece: Int, size: Int? = nil) -> BencodeTree {
    var fields: [BencodeBytes: BencodeTree] = [
      "msg_type": .integer(kind), "piece": .integer(Int64(piece)),
    ]
    if let size { fields["total_size"] = .integer(Int64(size)) }
    return .dictionary(fields)
  }
}
