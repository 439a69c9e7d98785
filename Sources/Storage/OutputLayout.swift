import Metainfo
import Primitives

/// Where the bytes of a torrent lie on disk, given which files are wanted.
///
/// There is a place for each file, by the file's number. If files are left out, there is one more,
/// the part file: pieces at the border of a wanted file reach into its neighbours, and since those
/// are not made, what these pieces hold of them is packed into the part file, one bit after the
/// other in the torrent's order. Other pieces of a file that is left out keep their place in it:
/// an earlier run may have fetched them.
struct OutputLayout: Sendable {
  /// One file on disk.
  struct Place: Sendable {
    let length: Int64
    let isExecutable: Bool
    /// Whether it exists on disk at all; padding does not.
    let isStored: Bool
    /// Whether it is made and must become whole.
    let isWanted: Bool
  }

  /// A run of bytes of a file that is left out, which wanted pieces hold.
  struct Stray: Equatable, Sendable {
    /// Where it begins in the torrent.
    let start: Int64
    let length: Int64
    /// Where it begins in the part file.
    let position: Int64
  }

  let files: FileLayout
  let selection: FileSelection
  let names: OutputNames
  let places: [Place]
  private let partName: FileName?
  /// The pieces that hold bytes of wanted files.
  let wanted: Bitfield
  /// The content of the part file behind its header, in rising order.
  let strays: [Stray]
  /// The header of the part file.
  let partHeader: [UInt8]

  /// The part file's place; nil when no file is left out, or when there shall be none.
  var partPlace: Int? { places.count > files.files.count ? files.files.count : nil }

  init(
    torrent: TorrentMetainfo, selection: FileSelection, names: OutputNames, partName: FileName?
  ) {
    files = torrent.layout
    self.selection = selection
    partHeader = PartFile.header(for: torrent.infoHash)
    self.names = names
    self.partName = partName
    wanted = selection.wantedPieces(of: torrent.layout)
    strays =
      partName == nil
      ? [] : Self.strays(in: torrent.layout, selection: selection, wanted: wanted)
    var places = torrent.layout.files.map { file in
      Place(
        length: file.length, isExecutable: file.isExecutable, isStored: file.isStored,
        isWanted: file.isStored && selection.contains(file.index))
    }
    if partName != nil, places.contains(where: { $0.isStored && !$0.isWanted }) {
      let length = strays.last.map { $0.position + $0.length } ?? Int64(PartFile.headerLength)
      places.append(
        Place(
          length: length, isExecutable: false, isStored: true, isWanted: false))
    }
    self.places = places
  }

  /// Where a place lies: the names below the output folder.
  func path(of place: Int) -> ArraySlice<FileName> {
    if place == partPlace { return [partName ?? ""] }
    return names.path(of: files.files[place])
  }

  /// What the part file of a selection holds.
  static func strays(
    in layout: FileLayout, selection: FileSelection, wanted: Bitfield
  ) -> [Stray] {
    var strays: [Stray] = []
    var position = Int64(PartFile.headerLength)
    for file in layout.files.indices
    where layout.files.isStored(file) && !selection.contains(file) {
      let pieces = layout.pieces(ofFile: file)
      guard let first = pieces.first, let last = pieces.last else { continue }
      // A piece between the two lies in this file alone, so nobody wants it.
      for piece in first == last ? [first] : [first, last] where wanted.contains(PieceIndex(piece))
      {
        let range = layout.range(of: PieceIndex(piece))
          .clamped(to: layout.files.range(of: file))
        let length = range.upperBound - range.lowerBound
        strays.append(Stray(start: range.lowerBound, length: length, position: position))
        position += length
      }
    }
    return strays
  }

  /// The pieces that have bytes in the part file.
  var strayPieces: [PieceIndex] {
    strays.map { files.piece(at: $0.start) }
  }

  /// Calls `body` for each part of a range of the torrent that lies in one place, in order.
  ///
  /// The span's file is the place's number. Parts in places that are not stored are padding.
  func forEachSpan<Failure: Error>(
    of range: Range<Int64>, _ body: (FileSpan) throws(Failure) -> Void
  ) throws(Failure) {
    guard let partPlace, !strays.isEmpty else { return try files.forEachSpan(of: range, body) }
    try files.forEachSpan(of: range) { span throws(Failure) in
      let place = places[span.file]
      guard place.isStored, !place.isWanted else { return try body(span) }
      let base = files.files.range(of: span.file).lowerBound
      var position = base + span.offset
      let end = position + Int64(span.length)
      while position < end {
        let (stray, limit) = stray(at: position)
        let count = Int(min(limit, end) - position)
        if let stray {
          let offset = stray.position + position - stray.start
          try body(FileSpan(file: partPlace, offset: offset, length: count))
        } else {
          try body(FileSpan(file: span.file, offset: position - base, length: count))
        }
        position += Int64(count)
      }
    }
  }

  /// The parts of one piece, each inside one place, in order.
  func spans(of piece: PieceIndex) -> [FileSpan] {
    var spans: [FileSpan] = []
    forEachSpan(of: files.range(of: piece)) { spans.append($0) }
    return spans
  }

  /// The stray that holds a byte of the torrent, if one does, and where that answer ends.
  private func stray(at position: Int64) -> (Stray?, limit: Int64) {
    var low = 0
    var high = strays.count
    // The first stray that begins after the position.
    while low < high {
      let middle = low + (high - low) / 2
      if strays[middle].start <= position { low = middle + 1 } else { high = middle }
    }
    if low > 0, position < strays[low - 1].start + strays[low - 1].length {
      return (strays[low - 1], strays[low - 1].start + strays[low - 1].length)
    }
    return (nil, low < strays.count ? strays[low].start : .max)
  }
}
