import Metainfo
import Primitives

/// Which pieces on disk need not be hashed again, by what the last run wrote down.
///
/// A run lists a piece only after its bytes were written, and writes each piece once. So a listed
/// piece is right unless somebody else changed its files, or the system lost what it had not yet
/// brought to the disk. A file is known to hold its listed pieces when it is the same file (inode)
/// and
///
/// - after a run that ended and wrote everything down, size and time of change are the same;
/// - after a run that was killed, the machine has not been started anew since, and the file has
///   changed no later than that run may have written to it: it wrote its state every few seconds
///   while pieces came, so a change long after that is somebody else's.
///
/// Pieces that are not listed are hashed after a kill, since they may have been written after the
/// state was; after a run that wrote everything down they are known to be missing.
struct StateTrust {
  /// How long after its last saved state a killed run may have written, in nanoseconds: several
  /// times the pause between two saves.
  static let grace: Int64 = 15_000_000_000

  /// The pieces that are right.
  let trusted: Bitfield
  /// The pieces that must be hashed; the others are missing, or nobody wants them.
  let doubtful: Bitfield

  /// What is known of one place.
  private enum Knowledge {
    case absent
    case known
    case unknown
  }

  /// Compares what was written down, at `savedAt` nanoseconds since 1970, with what is there.
  ///
  /// Without a record nothing is trusted. Pieces of which a file is missing are missing.
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
      // The part file belongs to the run whose state this is.
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

  /// The pieces of which some bytes lay, or now belong, in the part file, if the selection is
  /// another than then: their bytes are not where they are looked for.
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
  /// The piece that holds a byte of the torrent, which must have that byte.
  func piece(at position: Int64) -> PieceIndex {
    PieceIndex(Int(position / Int64(geometry.pieceLength)))
  }
}
