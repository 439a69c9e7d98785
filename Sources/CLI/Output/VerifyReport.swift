package import Metainfo
package import Primitives
package import Storage

/// What a check found.
package struct VerifyFindings: Sendable {
  /// What is wrong with one file.
  package enum Fault: String, Sendable {
    /// It is not there.
    case missing
    /// Its length differs.
    case size
    /// Pieces in it do not match.
    case data
  }

  /// The pieces that do not match, in order, as ranges with both ends.
  package let badPieces: [ClosedRange<Int>]
  /// How many bytes are good.
  package let verifiedBytes: Int64
  /// The faulty files, by number, with how many of their pieces do not match.
  package let faults: [(file: Int, fault: Fault, badPieces: Int)]

  /// Whether every byte is there and no file has more.
  package var isComplete: Bool { badPieces.isEmpty && faults.isEmpty }

  /// Puts together what was seen of the files and what was hashed.
  package init(torrent: TorrentMetainfo, inspection: Inspection, verified: Bitfield) {
    var ranges: [ClosedRange<Int>] = []
    var good: Int64 = 0
    for piece in torrent.geometry.pieces {
      if verified.contains(piece) {
        good += Int64(torrent.geometry.length(of: piece))
      } else if let last = ranges.last, last.upperBound == piece.value - 1 {
        ranges[ranges.count - 1] = last.lowerBound...piece.value
      } else {
        ranges.append(piece.value...piece.value)
      }
    }
    badPieces = ranges
    verifiedBytes = good
    faults = torrent.layout.files.compactMap { file in
      guard file.isStored else { return nil }
      let bad = torrent.layout.pieces(ofFile: file.index).count {
        !verified.contains(PieceIndex($0))
      }
      switch inspection.files[file.index] {
      case .missing: return (file.index, .missing, bad)
      case .unfinished(let size), .foreign(let size):
        if size != file.length { return (file.index, .size, bad) }
        return bad > 0 ? (file.index, .data, bad) : nil
      }
    }
  }
}

/// A check's findings as text and as JSON.
package struct VerifyReport: Sendable {
  private let torrent: TorrentMetainfo
  private let folder: String
  private let findings: VerifyFindings

  /// The report on what was found in a folder.
  package init(torrent: TorrentMetainfo, folder: String, findings: VerifyFindings) {
    self.torrent = torrent
    self.folder = folder
    self.findings = findings
  }

  /// The report for people, every line ended.
  package var text: String {
    let name = TerminalText.cleaned(torrent.name)
    let total = torrent.geometry.totalLength
    if findings.isComplete { return "\(name): \(ByteText.size(total)) verified, all is well\n" }
    let bad = findings.badPieces.reduce(0) { $0 + $1.count }
    var lines = [
      "\(name): \(bad) of \(torrent.geometry.pieceCount) pieces do not match, "
        + "\(ByteText.size(findings.verifiedBytes)) of \(ByteText.size(total)) are good"
    ]
    if bad > 0 {
      let ranges = findings.badPieces.map { range in
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
      }
      lines.append("bad pieces: \(ranges.joined(separator: ", "))")
    }
    for (number, fault, bad) in findings.faults {
      let file = torrent.layout.files[number]
      lines.append("  \(TerminalText.cleaned(file.displayPath)): \(Self.words(fault, bad))")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func words(_ fault: VerifyFindings.Fault, _ bad: Int) -> String {
    switch fault {
    case .missing: "missing"
    case .size: "of another length" + (bad > 0 ? ", \(pieces(bad))" : "")
    case .data: pieces(bad)
    }
  }

  private static func pieces(_ count: Int) -> String {
    count == 1 ? "1 bad piece" : "\(count) bad pieces"
  }

  /// The report for programs.
  package var json: JSONValue {
    .object([
      .init("schema", .count(EventJSON.schema)), .init("name", .string(torrent.name)),
      .init("info_hash", .string(torrent.infoHash.description)), .init("folder", .string(folder)),
      .init("complete", .bool(findings.isComplete)),
      .init("total_bytes", .integer(torrent.geometry.totalLength)),
      .init("verified_bytes", .integer(findings.verifiedBytes)),
      .init("piece_count", .count(torrent.geometry.pieceCount)),
      .init(
        "bad_pieces",
        .array(
          findings.badPieces.map { .array([.count($0.lowerBound), .count($0.upperBound)]) })),
      .init("bad_files", .array(findings.faults.map(fault))),
    ])
  }

  private func fault(_ file: Int, _ fault: VerifyFindings.Fault, _ bad: Int) -> JSONValue {
    .object([
      .init("number", .count(file + 1)),
      .init("path", .string(torrent.layout.files[file].displayPath)),
      .init("fault", .string(fault.rawValue)), .init("bad_pieces", .count(bad)),
    ])
  }
}
