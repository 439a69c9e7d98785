public import Primitives

/// Which files of a torrent are wanted.
public struct FileSelection: Hashable, Sendable {
  /// Nil stands for all.
  private let indices: Set<Int>?

  /// Every file, whatever the torrent.
  public static let all = FileSelection(indices: nil)

  private init(indices: Set<Int>?) {
    self.indices = indices
  }

  /// The files with these numbers, from 0; numbers that the torrent does not have are no file's.
  public init(_ files: some Sequence<Int>) {
    indices = Set(files)
  }

  /// Whether no file is left out, whatever the torrent.
  public var isAll: Bool { indices == nil }

  /// Whether the file of that number is wanted.
  public func contains(_ file: Int) -> Bool { indices?.contains(file) ?? true }

  /// The pieces that hold bytes of a wanted file that is stored on disk.
  ///
  /// A piece of padding alone is wanted only if all files are.
  public func wantedPieces(of layout: FileLayout) -> Bitfield {
    let count = layout.geometry.pieceCount
    guard !isAll else { return Bitfield(count: count, filled: true) }
    var pieces = Bitfield(count: count)
    for file in layout.files.indices where layout.files.isStored(file) && contains(file) {
      for number in layout.pieces(ofFile: file) { pieces.insert(PieceIndex(number)) }
    }
    return pieces
  }

  /// The bytes of the wanted files that are stored on disk.
  public func length(in layout: FileLayout) -> Int64 {
    layout.files.indices.reduce(0) { sum, file in
      guard layout.files.isStored(file), contains(file) else { return sum }
      let range = layout.files.range(of: file)
      return sum + range.upperBound - range.lowerBound
    }
  }
}
