import Metainfo
public import Primitives

/// The result of a check of all selected pieces, by piece and by file.
public struct VerificationReport: Equatable, Sendable {
  /// The condition of a file.
  public enum Condition: Hashable, Sendable {
    /// All bytes are correct.
    case intact
    /// The file does not exist.
    case missing
    /// The file has this wrong length, in bytes.
    case wrongLength(Int64)
    /// A piece of the file is wrong.
    case damaged
    /// All wrong pieces are shared with a file that is missing or has the wrong length, so this one
    /// may be correct.
    case unsure
    /// No piece is known to be wrong, but some cannot be checked because they extend into files
    /// that are not selected.
    case unproven
  }

  /// A selected file.
  public struct File: Equatable, Sendable {
    /// The file's index in the torrent.
    public let index: Int
    /// The path below the output folder.
    public let path: String
    /// The correct length in bytes.
    public let length: Int64
    /// The file's condition.
    public let condition: Condition
    /// The number of the file's pieces that are wrong or missing.
    public let badPieceCount: Int
    /// The number of the file's pieces that cannot be checked.
    public let unprovenPieceCount: Int
    /// The number of pieces with bytes of the file.
    public let pieceCount: Int
  }

  /// A selected piece that is wrong or missing.
  public struct BadPiece: Equatable, Sendable {
    /// The piece.
    public let piece: PieceIndex
    /// The indices of the files that share the piece, in ascending order.
    public let files: [Int]
  }

  /// The number of selected pieces.
  public let pieceCount: Int
  /// The total length of the selected pieces, in bytes.
  public let totalBytes: Int64
  /// The selected pieces that are wrong or missing, in ascending order.
  public let badPieces: [BadPiece]
  /// The selected pieces that cannot be checked, in ascending order.
  ///
  /// Their bytes in selected files exist, but they also have bytes in files that are not selected.
  /// Those may be missing, or may be the wrong ones.
  public let unprovenPieces: [PieceIndex]
  /// The selected files in the torrent's order.
  public let files: [File]

  /// A Boolean value indicating whether all selected files have the right length, and all their
  /// bytes that can be checked are correct.
  ///
  /// Pieces that cannot be checked do not matter, since a finished download of selected files
  /// leaves some.
  public var isIntact: Bool {
    badPieces.isEmpty
      && files.allSatisfy { $0.condition == .intact || $0.condition == .unproven }
  }
}

extension TorrentStorage {
  /// Returns the report of a check of all selected pieces that has verified these pieces.
  ///
  /// Call it after `inspect`, and before anything is written.
  package func report(verified: Bitfield) -> VerificationReport {
    var findings = Findings(layout: layout, records: files.records)
    var total: Int64 = 0
    wanted.forEach { piece in
      total += Int64(torrent.geometry.length(of: piece))
      if !verified.contains(piece) { findings.add(piece) }
    }
    let reported = torrent.layout.files.indices.filter { layout.places[$0].isWanted }
    return VerificationReport(
      pieceCount: wanted.population, totalBytes: total, badPieces: findings.bad,
      unprovenPieces: findings.unproven, files: reported.map(findings.file))
  }
}

/// The evidence that unverified pieces give about the files that they touch.
private struct Findings {
  private let layout: OutputLayout
  private let records: [FileTable.Record]
  /// For each file: true if it exists with the right length.
  private let isSound: [Bool]
  private(set) var bad: [VerificationReport.BadPiece] = []
  private(set) var unproven: [PieceIndex] = []
  private var badCounts: [Int]
  /// The number of bad pieces of each file that share no bytes with files that are missing or have
  /// the wrong length.
  private var ownCounts: [Int]
  private var unprovenCounts: [Int]

  init(layout: OutputLayout, records: [FileTable.Record]) {
    self.layout = layout
    self.records = records
    isSound = layout.files.files.map { file in
      records[file.index].exists && records[file.index].size == file.length
    }
    badCounts = Array(repeating: 0, count: isSound.count)
    ownCounts = badCounts
    unprovenCounts = badCounts
  }

  /// Records a selected piece that is not verified.
  ///
  /// If a file that is not selected shares the piece, its hash proves nothing about the other
  /// files. Only missing bytes are certainly wrong.
  mutating func add(_ piece: PieceIndex) {
    let spans = layout.spans(of: piece).filter { layout.places[$0.file].isStored }
    let touched = spans.map(\.file)
    let lacksOwnBytes = spans.contains { span in
      let record = records[span.file]
      return layout.places[span.file].isWanted
        && (!record.exists || record.size < span.offset + Int64(span.length))
    }
    guard lacksOwnBytes || touched.allSatisfy({ layout.places[$0].isWanted }) else {
      unproven.append(piece)
      for file in touched { unprovenCounts[file] += 1 }
      return
    }
    bad.append(.init(piece: piece, files: touched))
    let mayBeElsewhere = touched.contains { !isSound[$0] }
    for file in touched {
      badCounts[file] += 1
      if !mayBeElsewhere { ownCounts[file] += 1 }
    }
  }

  func file(_ index: Int) -> VerificationReport.File {
    let place = layout.places[index]
    return VerificationReport.File(
      index: index, path: layout.path(of: index).pathText, length: place.length,
      condition: condition(index), badPieceCount: badCounts[index],
      unprovenPieceCount: unprovenCounts[index],
      pieceCount: layout.files.pieces(ofFile: index).count)
  }

  private func condition(_ index: Int) -> VerificationReport.Condition {
    if !records[index].exists { return .missing }
    if records[index].size != layout.places[index].length {
      return .wrongLength(records[index].size)
    }
    if badCounts[index] > 0 { return ownCounts[index] > 0 ? .damaged : .unsure }
    return unprovenCounts[index] > 0 ? .unproven : .intact
  }
}
