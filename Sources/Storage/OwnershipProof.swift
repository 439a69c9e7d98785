import Metainfo
import Primitives

/// The files that a state file proves to be ours.
///
/// A name proves nothing: strangers choose the names in torrents, and users move files. So a file
/// may be written only if a record names it and it is the file that the record means:
///
/// - the very file that was left, by its number and time of birth, whatever became of its content;
/// - or one with the size and the time of change that it was left with, as in a copy;
/// - or one that was to be made when the record was saved, and was changed while that run, which was
///   killed later, can still have lived.
///
/// Where none of this holds although the record names the file (the folder was copied without times,
/// or the record was cut short), its content decides, once that has been hashed. A file that we had
/// completed must be as we left it: an edited one is the user's.
struct OwnershipProof {
  /// The verdict on one file.
  enum Claim: Equatable {
    case ours
    /// The record names the file, and its content must prove the rest.
    case undecided
    case foreign
  }

  /// How much earlier than its record a file can seem to have been made, in nanoseconds: the steps
  /// of the coarsest clock of a file system.
  private static let clockStep: Int64 = 2_000_000_000

  private let finding: StateFile.Finding
  /// Whether the machine was started anew since the record was saved, or may have been.
  private let hasRestarted: Bool

  init(_ finding: StateFile.Finding, boot: String) {
    self.finding = finding
    hasRestarted = boot.isEmpty || finding.record?.boot != boot
  }

  /// The verdict on a file of the torrent, or on the part file by the number after the last one.
  func claim(on index: Int, _ now: FileStamp) -> Claim {
    switch finding {
    case .none, .foreign: .foreign
    case .cut: .undecided
    case .record(let record, let original, let savedAt):
      if index == record.unfinished.count || record.unfinished[index] {
        claim(
          onUnfinished: now, left: record.stamps[index], isClean: record.isClean,
          original: original, savedAt: savedAt)
      } else if record.whole[index], let then = record.stamps[index] {
        isUntouched(now, left: then) ? .ours : .foreign
      } else {
        .foreign
      }
    }
  }

  private func claim(
    onUnfinished now: FileStamp, left: FileStamp?, isClean: Bool, original: Bool, savedAt: Int64
  ) -> Claim {
    // While the run lived, it may have written more than its last record tells.
    let mayHaveGrown = !isClean && original
    let end = savedAt &+ StateTrust.grace
    guard let left else {
      let start = savedAt &- Self.clockStep
      return mayHaveGrown && now.modified >= start && now.modified <= end ? .ours : .undecided
    }
    if now.isSameFile(as: left) || now.hasSameContentFacts(as: left) { return .ours }
    let hasGrown =
      now.mayBeSameFile(as: left) && now.size >= left.size && now.modified >= left.modified
      && now.modified <= end
    return mayHaveGrown && hasGrown ? .ours : .undecided
  }

  /// Whether a file that was complete is as it was left, or has only lost writes in a power cut.
  private func isUntouched(_ now: FileStamp, left: FileStamp) -> Bool {
    now.hasSameContentFacts(as: left)
      || hasRestarted && now.isSameFile(as: left) && now.modified <= left.modified
  }

  /// Whether the content of an undecided file proves it ours, given the pieces that were hashed and
  /// found right.
  ///
  /// A piece that lies in the file alone must be right, and so must those that the record lists.
  func isProved(file: TorrentFile, in layout: FileLayout, verified: Bitfield) -> Bool {
    var hasOwnPiece = false
    for number in layout.pieces(ofFile: file.index) {
      let piece = PieceIndex(number)
      guard verified.contains(piece) else {
        if finding.record?.verified.contains(piece) ?? false { return false }
        continue
      }
      let range = layout.range(of: piece)
      if range.lowerBound >= file.offset, range.upperBound <= file.offset + file.length {
        hasOwnPiece = true
      }
    }
    return hasOwnPiece
  }
}
