import Metainfo
import Primitives

/// The pieces on disk that need not be hashed again, according to the state file of the latest run.
///
/// A run lists a piece only after its bytes have been written, and writes each piece once. A listed
/// piece is therefore correct unless another program changed its files, or the system lost data
/// that was not synchronized. A file is known to contain its listed pieces if it is the same file
/// (inode) and
///
/// - after a run that ended with a complete state, its size and modification time are the same;
/// - after a run that was killed, the machine has not been rebooted, and the modification time is
///   within the time in which that run may have written. Such a run saved its state every few
///   seconds, so a change long after the last one was made by another program.
///
/// After a kill, pieces that are not listed are hashed, because they may have been written after
/// the state. After a complete state they are known to be missing.
struct StateTrust {
  /// The time after its last saved state in which a killed run may have written, in nanoseconds.
  ///
  /// It is several times the interval between two saves.
  static let grace: Int64 = 15_000_000_000

  /// The pieces that are correct.
  let trusted: Bitfield
  /// The pieces that must be hashed; the others are missing or not selected.
  let doubtful: Bitfield

  /// The knowledge about a place.
  private enum Knowledge {
    case absent
    case known
    case unknown
  }

  /// Compares a record saved at `savedAt`, in nanoseconds since 1970, with the files on disk.
  ///
  /// Without a record nothing is trusted. A piece is missing if one of its files is.
  init(
    _ record: StateRecord?, savedAt: Int64, boot: String, layout: OutputLayout,
    found: [FileTable.Record]
  ) {
    var record = record
    if let saved = record, !saved.isClean, saved.boot.isEmpty || saved.boot != boot {
      record = nil
    }
    let knowledge = layout.places.indices.map { index -> Knowledge in
      guard found[index].exists, let now = found[index].stamp else { return .absent }
      guard let record, let then = record.stamps[index], found[index].unproved == nil else {
        return .unknown
      }
      // The part file belongs to the run of this state.
      let mayHaveGrown =
        !record.isClean && (index == layout.partPlace || record.unfinished[index])
      guard mayHaveGrown else { return now == then ? .known : .unknown }
      let isSame =
        now.mayBeSameFile(as: then) && now.size >= then.size && now.modified >= then.modified
        && now.modified <= savedAt &+ Self.grace
      return isSame ? .known : .unknown
    }
    let moved = record.map { Self.movedPieces(from: $0.selection, to: layout) }
    var trusted = Bitfield(count: layout.wanted.count)
    var doubtful = Bitfield(count: layout.wanted.count)
    for piece in layout.files.geometry.pieces {
      let isListed = record?.verified.contains(piece) ?? false
      guard isListed || layout.wanted.contains(piece) else { continue }
      var isPresent = true
      var isKnown = !(moved?.contains(piece) ?? true)
      layout.forEachSpan(of: layout.files.range(of: piece)) { span in
        guard layout.places[span.file].isStored else { return }
        switch knowledge[span.file] {
        case .absent: isPresent = false
        case .known: break
        case .unknown: isKnown = false
        }
      }
      guard isPresent else { continue }
      if isKnown, isListed {
        trusted.insert(piece)
      } else if layout.wanted.contains(piece), !(isKnown && record?.isClean == true) {
        doubtful.insert(piece)
      }
    }
    self.trusted = trusted
    self.doubtful = doubtful
  }

  /// Returns the pieces with bytes that the part file contained or must contain, if the selection
  /// has changed.
  ///
  /// Their bytes are not where they are expected.
  private static func movedPieces(
    from selection: FileSelection, to layout: OutputLayout
  ) -> Bitfield {
    var moved = Bitfield(count: layout.wanted.count)
    let isSame = layout.files.files.allSatisfy {
      !$0.isStored || selection.contains($0.index) == layout.selection.contains($0.index)
    }
    guard !isSame else { return moved }
    let before = OutputLayout.strays(
      in: layout.files, selection: selection, wanted: selection.wantedPieces(of: layout.files))
    for stray in before + layout.strays { moved.insert(layout.files.piece(at: stray.start)) }
    return moved
  }
}

extension FileLayout {
  /// Returns the piece with a byte of the torrent, which must be within the torrent.
  func piece(at position: Int64) -> PieceIndex {
    PieceIndex(Int(position / Int64(geometry.pieceLength)))
  }
}
