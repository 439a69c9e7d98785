public import Primitives

/// A run of bytes inside one file.
public struct FileSpan: Hashable, Sendable {
  /// The file's number.
  public let file: Int
  /// The first byte, counted from the start of the file.
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

/// How a torrent's bytes lie in its files: one after the other, without gaps (BEP 3).
public struct FileLayout: Hashable, Sendable {
  /// All files, padding and symbolic links included, in the torrent's order.
  public let files: FileList
  /// How the same bytes lie in pieces.
  public let geometry: PieceGeometry

  /// The files must lie one after the other from 0 and add up to the geometry's length.
  init(files: FileList, geometry: PieceGeometry) {
    self.files = files
    self.geometry = geometry
  }

  /// Calls `body` for each part of a range of the torrent that lies in one file, in order.
  ///
  /// What lies outside the torrent is left out. The first file is found by binary search; nothing
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

  /// The parts of a range of the torrent, each inside one file, in order.
  public func spans(of range: Range<Int64>) -> [FileSpan] {
    var spans: [FileSpan] = []
    forEachSpan(of: range) { spans.append($0) }
    return spans
  }

  /// The parts of one piece, each inside one file, in order.
  public func spans(of piece: PieceIndex) -> [FileSpan] {
    spans(of: range(of: piece))
  }

  /// Where a piece lies in the torrent, in bytes.
  @inlinable
  public func range(of piece: PieceIndex) -> Range<Int64> {
    let start = geometry.offset(of: piece)
    return start..<start + Int64(geometry.length(of: piece))
  }

  /// The pieces that hold bytes of a file; empty for an empty file.
  public func pieces(ofFile index: Int) -> Range<Int> {
    let file = files.range(of: index)
    let first = Int(file.lowerBound / Int64(geometry.pieceLength))
    guard !file.isEmpty else { return first..<first }
    return first..<Int((file.upperBound - 1) / Int64(geometry.pieceLength)) + 1
  }

  /// The file that holds a byte of the torrent, which must have that byte.
  ///
  /// It is the last one that begins at or before the byte, since empty files come before it.
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
