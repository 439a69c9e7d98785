public import Primitives

/// A range of bytes inside one file.
public struct FileSpan: Hashable, Sendable {
  /// The file's index.
  public let file: Int
  /// The offset of the first byte within the file.
  public let offset: Int64
  /// The length in bytes, at least 1.
  public let length: Int

  /// Creates a span.
  @inlinable
  public init(file: Int, offset: Int64, length: Int) {
    self.file = file
    self.offset = offset
    self.length = length
  }
}

/// The mapping between a torrent's bytes and its files, which follow each other without gaps
/// (BEP 3).
public struct FileLayout: Hashable, Sendable {
  /// All files in the torrent's order, including padding and symbolic links.
  public let files: FileList
  /// The division of the same bytes into pieces.
  public let geometry: PieceGeometry

  /// Creates a layout of contiguous files from offset 0, whose total length is that of the
  /// geometry.
  init(files: FileList, geometry: PieceGeometry) {
    self.files = files
    self.geometry = geometry
  }

  /// Calls `body` for each part of a range of the torrent that lies in one file, in order.
  ///
  /// Bytes outside the torrent are left out. The first file is found by binary search, and nothing
  /// is allocated.
  @inlinable
  public func forEachSpan<Failure: Error>(
    of range: Range<Int64>, _ body: (FileSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var position = max(range.lowerBound, 0)
    let end = min(range.upperBound, geometry.totalLength)
    guard position < end else { return }
    var index = file(at: position)
    while position < end {
      let file = files.range(of: index)
      let count = min(file.upperBound, end) - position
      if count > 0 {
        try body(FileSpan(file: index, offset: position - file.lowerBound, length: Int(count)))
        position += count
      }
      index += 1
    }
  }

  /// Returns the parts of a range of the torrent that lie in one file each, in order.
  public func spans(of range: Range<Int64>) -> [FileSpan] {
    var spans: [FileSpan] = []
    forEachSpan(of: range) { spans.append($0) }
    return spans
  }

  /// Returns the parts of a piece that lie in one file each, in order.
  public func spans(of piece: PieceIndex) -> [FileSpan] {
    spans(of: range(of: piece))
  }

  /// Returns the range of a piece within the torrent, in bytes.
  @inlinable
  public func range(of piece: PieceIndex) -> Range<Int64> {
    let start = geometry.offset(of: piece)
    return start..<start + Int64(geometry.length(of: piece))
  }

  /// Returns the pieces with bytes of a file; empty for an empty file.
  public func pieces(ofFile index: Int) -> Range<Int> {
    let file = files.range(of: index)
    let first = Int(file.lowerBound / Int64(geometry.pieceLength))
    guard !file.isEmpty else { return first..<first }
    return first..<Int((file.upperBound - 1) / Int64(geometry.pieceLength)) + 1
  }

  /// Returns the file with a byte of the torrent, which must be within the torrent.
  ///
  /// It is the last file that begins at or before the byte, because empty files precede it.
  @usableFromInline
  func file(at position: Int64) -> Int {
    var low = 0
    var high = files.count
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if files.range(of: middle).lowerBound <= position { low = middle } else { high = middle }
    }
    return low
  }
}
