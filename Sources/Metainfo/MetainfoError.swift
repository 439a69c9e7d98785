public import Bencode

/// The reason why a torrent is refused.
public enum MetainfoError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes are not valid bencode.
  case bencode(BencodeError)
  /// The torrent is larger than the limit.
  case tooLarge(limit: Int)
  /// The outermost value is not a dictionary.
  case notADictionary
  /// A required field is missing.
  case missing(field: String)
  /// A field has the wrong type.
  case wrongType(field: String, expected: String)
  /// The torrent is of version 2 only (BEP 52).
  case versionTwoOnly
  /// `piece length` is zero, negative or too large.
  case badPieceLength(Int64)
  /// The length of `pieces` is not a multiple of a hash's length.
  case unalignedPieces(length: Int)
  /// The number of hashes differs from the number of pieces.
  case pieceCountMismatch(hashes: Int, pieces: Int)
  /// The number of pieces exceeds the limit.
  case tooManyPieces(limit: Int)
  /// A file's length is negative.
  case negativeLength(field: String)
  /// The total length of the files overflows.
  case totalLengthOverflow
  /// The list of files is empty.
  case noFiles
  /// All files are empty.
  case noData
  /// A file's `path` has no elements.
  case emptyPath(field: String)
  /// The number of folders in a file's path exceeds the limit.
  case pathTooDeep(field: String, limit: Int)

  /// A Boolean value indicating whether the bytes are not valid bencode.
  ///
  /// The exit status of the command-line tool distinguishes this case.
  public var isBadBencode: Bool { if case .bencode = self { true } else { false } }

  /// A one-clause description of the defect.
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
