import Metainfo
import Primitives

/// A tracker of the files that verified pieces complete.
///
/// Each piece takes one step for each file that it touches.
struct FileProgress {
  private let layout: FileLayout
  private let selection: FileSelection
  /// The number of unverified pieces of each file.
  private var missing: [Int32]

  init(layout: FileLayout, selection: FileSelection, verified: Bitfield) {
    self.layout = layout
    self.selection = selection
    missing = layout.files.map { file in
      let pieces = layout.pieces(ofFile: file.index)
      return Int32(clamping: pieces.count - verified.population(in: pieces))
    }
  }

  /// The selected files without a byte, which no piece completes.
  var empty: [TorrentFile] {
    layout.files.filter { $0.length == 0 && $0.isStored && selection.contains($0.index) }
  }

  /// Records a verified piece; returns the selected files that it completes.
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
