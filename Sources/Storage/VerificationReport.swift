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
  /// The wanted files, in the torrent's order.
  public let files: [File]

  /// Whether every wanted file is there, whole and right.
  public var isIntact: Bool {
    badPieces.isEmpty && files.allSatisfy { $0.condition == .intact }
  }
}

extension TorrentStorage {
  /// What a check of all wanted pieces tells; `verified` are those that it found right.
  ///
  /// Call it after `inspect`, and before anything is written.
  package func report(verified: Bitfield) -> VerificationReport {
    let records = files.records
    var bad: [VerificationReport.BadPiece] = []
    var total: Int64 = 0
    wanted.forEach { piece in
      total += Int64(torrent.geometry.length(of: piece))
      guard !verified.contains(piece) else { return }
      let touched = torrent.layout.spans(of: piece).map(\.file)
      bad.append(.init(piece: piece, files: touched.filter { layout.places[$0].isStored }))
    }
    let isSound = torrent.layout.files.map { file in
      let place = layout.places[file.index]
      return records[file.index].exists && records[file.index].size == place.length
    }
    var badCounts = Array(repeating: 0, count: isSound.count)
    var ownCounts = badCounts
    for piece in bad {
      let mayBeElsewhere = piece.files.contains { !isSound[$0] }
      for file in piece.files {
        badCounts[file] += 1
        if !mayBeElsewhere { ownCounts[file] += 1 }
      }
    }
    let reported = torrent.layout.files.indices.filter { layout.places[$0].isWanted }
    return VerificationReport(
      pieceCount: wanted.population, totalBytes: total, badPieces: bad,
      files: reported.map { index in
        let place = layout.places[index]
        let condition: VerificationReport.Condition =
          if !records[index].exists {
            .missing
          } else if records[index].size != place.length {
            .wrongLength(records[index].size)
          } else if badCounts[index] == 0 {
            .intact
          } else {
            ownCounts[index] > 0 ? .damaged : .unsure
          }
        return VerificationReport.File(
          index: index, path: place.path.pathText, length: place.length,
          condition: condition, badPieceCount: badCounts[index])
      })
  }
}
