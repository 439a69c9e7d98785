package import Metainfo
import Primitives
package import Storage

/// What a check found, as text and as JSON.
package struct VerifyReport: Sendable {
  private let torrent: TorrentMetainfo
  private let folder: String
  private let found: VerificationReport

  /// The report on what was found in a folder.
  package init(torrent: TorrentMetainfo, folder: String, found: VerificationReport) {
    self.torrent = torrent
    self.folder = folder
    self.found = found
  }

  /// The bad pieces as ranges with both ends.
  private var badRanges: [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for bad in found.badPieces {
      let piece = bad.piece.value
      if let last = ranges.last, last.upperBound == piece - 1 {
        ranges[ranges.count - 1] = last.lowerBound...piece
      } else {
        ranges.append(piece...piece)
      }
    }
    return ranges
  }

  private var faultyFiles: [VerificationReport.File] {
    found.files.filter { $0.condition != .intact }
  }

  /// The bytes of the wanted pieces, and of those that are good.
  private var totalBytes: Int64 { found.totalBytes }
  private var verifiedBytes: Int64 {
    found.badPieces.reduce(found.totalBytes) {
      $0 - Int64(torrent.geometry.length(of: $1.piece))
    }
  }

  /// The report for people, every line ended.
  package var text: String {
    let name = TerminalText.cleaned(torrent.name)
    if found.isIntact { return "\(name): \(ByteText.size(totalBytes)) verified, all is well\n" }
    let bad = found.badPieces.count
    var lines = [
      "\(name): \(bad) of \(found.pieceCount) pieces do not match, "
        + "\(ByteText.size(verifiedBytes)) of \(ByteText.size(totalBytes)) are good"
    ]
    if bad > 0 {
      let ranges = badRanges.map { range in
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
      }
      lines.append("bad pieces: \(ranges.joined(separator: ", "))")
    }
    for file in faultyFiles {
      lines.append("  \(TerminalText.cleaned(file.path)): \(Self.words(file))")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func words(_ file: VerificationReport.File) -> String {
    let pieces = file.badPieceCount == 1 ? "1 bad piece" : "\(file.badPieceCount) bad pieces"
    switch file.condition {
    case .intact, .damaged: return pieces
    case .missing: return "missing"
    case .wrongLength(let length):
      let words = "\(length) bytes long instead of \(file.length)"
      return file.badPieceCount > 0 ? "\(words), \(pieces)" : words
    case .unsure: return "\(pieces), perhaps only because of its neighbours"
    }
  }

  /// The report for programs.
  package var json: JSONValue {
    .object([
      .init("schema", .count(EventJSON.schema)), .init("name", .string(torrent.name)),
      .init("info_hash", .string(torrent.infoHash.description)), .init("folder", .string(folder)),
      .init("complete", .bool(found.isIntact)),
      .init("total_bytes", .integer(totalBytes)),
      .init("verified_bytes", .integer(verifiedBytes)),
      .init("piece_count", .count(found.pieceCount)),
      .init(
        "bad_pieces",
        .array(badRanges.map { .array([.count($0.lowerBound), .count($0.upperBound)]) })),
      .init("bad_files", .array(faultyFiles.map(Self.fault))),
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
    case .intact, .damaged: fault = "data"
    case .unsure: fault = "unsure"
    }
    return .object([
      .init("number", .count(file.index + 1)), .init("path", .string(file.path)),
      .init("fault", .string(fault)), .init("length", length.map { .integer($0) } ?? .null),
      .init("bad_pieces", .count(file.badPieceCount)),
    ])
  }
}
