import Metainfo
import Primitives

/// Which files become complete with which piece.
///
/// A piece costs as many steps as it holds files.
struct FileProgress {
  private let layout: FileLayout
  private let selection: FileSelection
  /// How many pieces of each file are not verified.
  private var missing: [Int32]

  init(layout: FileLayout, selection: FileSelection, verified: Bitfield) {
    self.layout = layout
    self.selection = selection
    missing = layout.files.map { file in
      let pieces = layout.pieces(ofFile: file.index)
      return Int32(clamping: pieces.count - verified.population(in: pieces))
    }
  }

  /// Notes that a piece is verified; returns the wanted files that are complete by it.
  mutating func verified(_ piece: PieceIndex) -> [TorrentFile] {
    var complete: [TorrentFile] = []
    layout.forEachSpan(of: layout.range(of: piece)) { span in
      missing[span.file] -= 1
      if missing[span.file] == 0, layout.files[span.file].isStored, selection.contains(span.file) {
        complete.append(layout.files[span.file])
      }
    }
    return complete
  }
}
