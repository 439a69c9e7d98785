import Metainfo
public import Primitives

/// What a check of all wanted pieces found, piece by piece and file by file.
public struct VerificationReport: Equatable, Sendable {
  /// What is known of one file.
  public enum Condition: Hashable, Sendable {
    /// Every byte is right.
    case intact
    /// There is no such file.
    case missing
    /// The file has this length instead of its own, in bytes.
    case wrongLength(Int64)
    /// A piece of it is wrong.
    case damaged
    /// All pieces of it that are wrong are shared with a file that is missing or of the wrong length,
    /// so the fault may lie there alone.
    case unsure
    /// No piece of it is known to be wrong, but some cannot be checked: they reach into files that
    /// are not wanted.
    case unproven
  }

  /// One wanted file.
  public struct File: Equatable, Sendable {
    /// Its number in the torrent, from 0.
    public let index: Int
    /// Its path below the output folder.
    public let path: String
    /// The length that it should have, in bytes.
    public let length: Int64
    /// What is known of it.
    public let condition: Condition
    /// How many of its pieces are wrong or missing.
    public let badPieceCount: Int
    /// The number of its pieces that cannot be checked.
    public let unprovenPieceCount: Int
    /// The number of pieces that hold a byte of it.
    public let pieceCount: Int
  }

  /// A wanted piece that is wrong or missing.
  public struct BadPiece: Equatable, Sendable {
    /// Which piece.
    public let piece: PieceIndex
    /// The numbers of the files that it touches, from 0, in rising order.
    public let files: [Int]
  }

  /// How many pieces are wanted.
  public let pieceCount: Int
  /// The bytes of the wanted pieces.
  public let totalBytes: Int64
  /// The wanted pieces that are wrong or missing, in rising order.
  public let badPieces: [BadPiece]
  /// The wanted pieces that nothing on disk can prove right or wrong, in rising order.
  ///
  /// Their bytes of wanted files are there, but they also hold bytes of files that are not wanted,
  /// which may be missing, or may be what is wrong.
  public let unprovenPieces: [PieceIndex]
  /// The wanted files, in the torrent's order.
  public let files: [File]

  /// Whether every wanted file is there with its length, and all of it that can be checked is right.
  ///
  /// Pieces that cannot be checked do not count: a finished download of chosen files leaves some.
  public var isIntact: Bool {
    badPieces.isEmpty
      && files.allSatisfy { $0.condition == .intact || $0.condition == .unproven }
  }
}

extension TorrentStorage {
  /// What a check of all wanted pieces tells; `verified` are those that it found right.
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
  /// Whether each file is there with its length.
  private let isSound: [Bool]
  private(set) var bad: [VerificationReport.BadPiece] = []
  private(set) var unproven: [PieceIndex] = []
  private var badCounts: [Int]
  /// The bad pieces of each file that touch no missing file and none of the wrong length.
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

  /// Counts a wanted piece that is not verified.
  ///
  /// When a file that is not wanted takes part in it, its hash proves nothing about the others. Only
  /// bytes that are not there at all are certainly wrong.
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
