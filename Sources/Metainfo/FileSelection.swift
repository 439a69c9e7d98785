public import Primitives

/// A selection of a torrent's files.
public struct FileSelection: Hashable, Sendable {
  /// The indices of the selected files; nil for all.
  private let indices: Set<Int>?

  /// The selection of all files of any torrent.
  public static let all = FileSelection(indices: nil)

  private init(indices: Set<Int>?) {
    self.indices = indices
  }

  /// Selects the files with these indices; indices that the torrent does not have are ignored.
  public init(_ files: some Sequence<Int>) {
    indices = Set(files)
  }

  /// A Boolean value indicating whether all files of any torrent are selected.
  public var isAll: Bool { indices == nil }

  /// Returns whether the file with an index is selected.
  public func contains(_ file: Int) -> Bool { indices?.contains(file) ?? true }

  /// Returns the pieces with bytes of a selected file that is stored on disk.
  ///
  /// A piece that contains only padding is included only if all files are selected.
  public func wantedPieces(of layout: FileLayout) -> Bitfield {
    let count = layout.geometry.pieceCount
    guard !isAll else { return Bitfield(count: count, filled: true) }
    var pieces = Bitfield(count: count)
    for file in layout.files.indices where layout.files.isStored(file) && contains(file) {
      for number in layout.pieces(ofFile: file) { pieces.insert(PieceIndex(number)) }
    }
    return pieces
  }
}
