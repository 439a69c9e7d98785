package import Metainfo
import Primitives
package import Storage

/// The result of `verify` as text and as JSON.
package struct VerifyReport: Sendable {
  private let torrent: TorrentMetainfo
  private let folder: String
  private let found: VerificationReport

  /// Creates a report on the check of a folder.
  package init(torrent: TorrentMetainfo, folder: String, found: VerificationReport) {
    self.torrent = torrent
    self.folder = folder
    self.found = found
  }

  /// Returns ascending pieces as closed ranges.
  private static func ranges(_ pieces: [PieceIndex]) -> [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for piece in pieces.lazy.map(\.value) {
      if let last = ranges.last, last.upperBound == piece - 1 {
        ranges[ranges.count - 1] = last.lowerBound...piece
      } else {
        ranges.append(piece...piece)
      }
    }
    return ranges
  }

  private var badRanges: [ClosedRange<Int>] { Self.ranges(found.badPieces.map(\.piece)) }
  private var unprovenRanges: [ClosedRange<Int>] { Self.ranges(found.unprovenPieces) }

  private var faultyFiles: [VerificationReport.File] {
    found.files.filter { $0.condition != .intact && $0.condition != .unproven }
  }

  private var unprovenFiles: [VerificationReport.File] {
    found.files.filter { $0.unprovenPieceCount > 0 }
  }

  /// The bytes of all selected pieces; those below are the pieces that cannot be checked and the
  /// good ones.
  private var totalBytes: Int64 { found.totalBytes }
  private var unprovenBytes: Int64 { bytes(of: found.unprovenPieces) }
  private var verifiedBytes: Int64 {
    totalBytes - unprovenBytes - bytes(of: found.badPieces.map(\.piece))
  }

  private func bytes(of pieces: [PieceIndex]) -> Int64 {
    pieces.reduce(0) { $0 + Int64(torrent.geometry.length(of: $1)) }
  }

  /// The report as text; every line ends with a line break.
  package var text: String {
    let name = TerminalText.cleaned(torrent.name)
    if found.isIntact, found.unprovenPieces.isEmpty {
      return "\(name): all \(ByteText.size(totalBytes)) verified\n"
    }
    var lines = [name + ": " + summary]
    if !found.badPieces.isEmpty { lines.append("bad pieces: \(Self.text(badRanges))") }
    if !found.unprovenPieces.isEmpty {
      lines.append("pieces that cannot be checked: \(Self.text(unprovenRanges))")
      lines.append("(they extend into files that are not selected)")
    }
    for file in found.files where file.condition != .intact {
      lines.append("  \(TerminalText.cleaned(file.path)): \(Self.words(file))")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private var summary: String {
    let bad = found.badPieces.count
    let (verified, total) = (ByteText.size(verifiedBytes), ByteText.size(totalBytes))
    if !found.isIntact {
      return "\(bad) of \(found.pieceCount) pieces do not match, \(verified) of \(total) verified"
    }
    let count = found.unprovenPieces.count
    let unproven =
      "\(count) of \(found.pieceCount) pieces cannot be checked (\(ByteText.size(unprovenBytes)))"
    if verifiedBytes == 0 { return "nothing verified: \(unproven)" }
    return "\(verified) verified without errors; \(unproven)"
  }

  private static func text(_ ranges: [ClosedRange<Int>]) -> String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }

  private static func words(_ file: VerificationReport.File) -> String {
    let pieces = file.badPieceCount == 1 ? "1 bad piece" : "\(file.badPieceCount) bad pieces"
    var words: [String] = []
    switch file.condition {
    case .intact, .unproven: break
    case .damaged: words.append(pieces)
    case .missing: return "missing"
    case .wrongLength(let length):
      words.append("\(length) bytes long instead of \(file.length)")
      if file.badPieceCount > 0 { words.append(pieces) }
    case .unsure: words.append("\(pieces), perhaps only because of neighbouring files")
    }
    let unproven = file.unprovenPieceCount
    if unproven > 0 {
      words.append(
        unproven == file.pieceCount
          ? "none of it can be checked"
          : "\(unproven) of \(file.pieceCount) pieces cannot be checked")
    }
    return words.joined(separator: ", ")
  }

  /// The report as JSON.
  package var json: JSONValue {
    .object([
      .init("schema", .count(EventJSON.schema)), .init("name", .string(torrent.name)),
      .init("info_hash", .string(torrent.infoHash.description)), .init("folder", .string(folder)),
      .init("complete", .bool(found.isIntact)),
      .init("total_bytes", .integer(totalBytes)),
      .init("verified_bytes", .integer(verifiedBytes)),
      .init("piece_count", .count(found.pieceCount)),
      .init("bad_pieces", Self.json(badRanges)),
      .init("bad_files", .array(faultyFiles.map(Self.fault))),
      .init("unchecked_bytes", .integer(unprovenBytes)),
      .init("unchecked_pieces", Self.json(unprovenRanges)),
      .init("unchecked_files", .array(unprovenFiles.map(Self.gap))),
    ])
  }

  private static func json(_ ranges: [ClosedRange<Int>]) -> JSONValue {
    .array(ranges.map { .array([.count($0.lowerBound), .count($0.upperBound)]) })
  }

  /// Returns a file with the number of its pieces that cannot be checked.
  private static func gap(_ file: VerificationReport.File) -> JSONValue {
    .object([
      .init("number", .count(file.index + 1)), .init("path", .string(file.path)),
      .init("piece_count", .count(file.pieceCount)),
      .init("unchecked_pieces", .count(file.unprovenPieceCount)),
    ])
  }

  private static func fault(_ file: VerificationReport.File) -> JSONValue {
    let fault: String
    var length: Int64? = file.length
    switch file.condition {
    case .missing:
      fault = "missing"
      length = nil
    case .wrongLength(let found):
      fault = "size"
      length = found
    case .intact, .unproven, .damaged: fault = "data"
    case .unsure: fault = "unsure"
    }
    return .object([
      .init("number", .count(file.index + 1)), .init("path", .string(file.path)),
      .init("fault", .string(fault)), .init("length", length.map { .integer($0) } ?? .null),
      .init("bad_pieces", .count(file.badPieceCount)),
    ])
  }
}
