import Metainfo
import Primitives

/// The proof by a state file that files are ours.
///
/// A name proves nothing: strangers choose the names in torrents, and users move files. A file may
/// be written only if a record names it and it is the file that the record means:
///
/// - the same file by inode and time of creation, with any content;
/// - or a file with the recorded size and modification time, as after a copy;
/// - or a file that was about to be created when the record was saved, and was changed while that
///   run, which was killed later, may still have been alive.
///
/// If none of this holds although the record names the file (the folder was copied without times,
/// or the record is truncated), the file's content decides, after it has been hashed. A file that
/// we completed must be unchanged; an edited one is the user's.
struct OwnershipProof {
  /// The verdict on a file.
  enum Claim: Equatable {
    case ours
    /// The record names the file, but its content must prove the rest.
    case undecided
    case foreign
  }

  /// The time by which a file can seem older than its record, in nanoseconds.
  ///
  /// It is the resolution of the coarsest clock of a file system.
  private static let clockStep: Int64 = 2_000_000_000

  private let finding: StateFile.Finding
  /// A Boolean value indicating whether the machine was, or may have been, rebooted after the
  /// record was saved.
  private let hasRestarted: Bool

  init(_ finding: StateFile.Finding, boot: String) {
    self.finding = finding
    hasRestarted = boot.isEmpty || finding.record?.boot != boot
  }

  /// Returns the verdict on a file of the torrent, or on the part file, whose index is the number
  /// of files.
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
    // While the run was alive, it may have written more than its last record tells.
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

  /// Returns whether a completed file is unchanged, or has at most lost writes in a power failure.
  private func isUntouched(_ now: FileStamp, left: FileStamp) -> Bool {
    now.hasSameContentFacts(as: left)
      || hasRestarted && now.isSameFile(as: left) && now.modified <= left.modified
  }

  /// Returns whether the content of an undecided file proves it ours, given the pieces that were
  /// verified.
  ///
  /// At least one piece that lies in this file only must be correct, and so must all pieces that
  /// the record lists.
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
