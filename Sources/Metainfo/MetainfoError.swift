public import Bencode

/// Why a torrent was refused.
public enum MetainfoError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes are not bencoded data.
  case bencode(BencodeError)
  /// The torrent is larger than the limit.
  case tooLarge(limit: Int)
  /// The outermost value is no dictionary.
  case notADictionary
  /// A field that every torrent needs is missing; the path tells which.
  case missing(field: String)
  /// A field has the wrong type.
  case wrongType(field: String, expected: String)
  /// The torrent is of version 2 only (BEP 52).
  case versionTwoOnly
  /// `piece length` is zero, negative or too large.
  case badPieceLength(Int64)
  /// The length of `pieces` is no multiple of a hash's length.
  case unalignedPieces(length: Int)
  /// There are more or fewer hashes than the data has pieces.
  case pieceCountMismatch(hashes: Int, pieces: Int)
  /// There are more pieces than the limit.
  case tooManyPieces(limit: Int)
  /// A file's length is negative.
  case negativeLength(field: String)
  /// The lengths of all files add up to more than can be counted.
  case totalLengthOverflow
  /// The list of files is empty.
  case noFiles
  /// All files together hold no byte.
  case noData
  /// A file's `path` has no elements.
  case emptyPath(field: String)
  /// A file lies deeper in folders than the limit.
  case pathTooDeep(field: String, limit: Int)

  /// Whether the bytes are not even bencoded data.
  ///
  /// The command line's exit status tells the two apart.
  public var isBadBencode: Bool { if case .bencode = self { true } else { false } }

  /// One clause that names the defect.
  public var description: String {
    switch self {
    case .bencode(let error): "not valid bencoded data: \(error)"
    case .tooLarge(let limit): "the torrent is larger than \(limit) bytes"
    case .notADictionary: "the top-level value is not a dictionary"
    case .missing(let field): "the field \"\(field)\" is missing"
    case .wrongType(let field, let expected): "the field \"\(field)\" is not \(expected)"
    case .versionTwoOnly: "the torrent is a BitTorrent v2 torrent without v1 hashes"
    case .badPieceLength(let length): "the piece length \(length) is out of range"
    case .unalignedPieces(let length):
      "the field \"info.pieces\" has \(length) bytes, which is not a whole number of hashes"
    case .pieceCountMismatch(let hashes, let pieces):
      "the torrent has \(hashes) hashes for \(pieces) pieces"
    case .tooManyPieces(let limit): "the torrent has more than \(limit) pieces"
    case .negativeLength(let field): "the field \"\(field)\" is negative"
    case .totalLengthOverflow: "the total length of the files is too large"
    case .noFiles: "the list of files is empty"
    case .noData: "the files contain no data"
    case .emptyPath(let field): "the field \"\(field)\" has no elements"
    case .pathTooDeep(let field, let limit): "the field \"\(field)\" has more than \(limit) folders"
    }
  }
}
