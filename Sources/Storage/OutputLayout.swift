import Metainfo
import Primitives

/// The mapping from a torrent's bytes to files on disk, given a selection of files.
///
/// There is a place for each file, with the file's index. If files are left out, there is one more
/// place, the part file. Pieces at the border of a selected file extend into its neighbours. If a
/// neighbour is left out, its bytes of those pieces are stored in the part file, contiguously and
/// in the torrent's order. All other pieces of such a file keep their place in it, because an
/// earlier run may have downloaded them.
struct OutputLayout: Sendable {
  /// A file on disk.
  struct Place: Sendable {
    let length: Int64
    let isExecutable: Bool
    /// A Boolean value indicating whether the file exists on disk; padding does not.
    let isStored: Bool
    /// A Boolean value indicating whether the file is selected and must become complete.
    let isWanted: Bool
  }

  /// A range of bytes of an unselected file that belongs to selected pieces.
  struct Stray: Equatable, Sendable {
    /// The offset within the torrent.
    let start: Int64
    let length: Int64
    /// The offset within the part file.
    let position: Int64
  }

  let files: FileLayout
  let selection: FileSelection
  let names: OutputNames
  let places: [Place]
  private let partName: FileName?
  /// The pieces with bytes of selected files.
  let wanted: Bitfield
  /// The contents of the part file after its header, in ascending order.
  let strays: [Stray]
  /// The header of the part file.
  let partHeader: [UInt8]

  /// The index of the part file's place; nil if no file is left out or no part file is used.
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

  /// Returns the path of a place below the output folder.
  func path(of place: Int) -> ArraySlice<FileName> {
    if place == partPlace { return [partName ?? ""] }
    return names.path(of: files.files[place])
  }

  /// Returns the contents of the part file for a selection.
  static func strays(
    in layout: FileLayout, selection: FileSelection, wanted: Bitfield
  ) -> [Stray] {
    var strays: [Stray] = []
    var position = Int64(PartFile.headerLength)
    for file in layout.files.indices
    where layout.files.isStored(file) && !selection.contains(file) {
      let pieces = layout.pieces(ofFile: file)
      guard let first = pieces.first, let last = pieces.last else { continue }
      // A piece between these two lies in this file only, so it is not selected.
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

  /// The pieces with bytes in the part file.
  var strayPieces: [PieceIndex] {
    strays.map { files.piece(at: $0.start) }
  }

  /// Calls `body` for each part of a range of the torrent that lies in one place, in order.
  ///
  /// The span's `file` is the place's index. Parts in places that are not stored are padding.
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

  /// Returns the parts of a piece that lie in one place each, in order.
  func spans(of piece: PieceIndex) -> [FileSpan] {
    var spans: [FileSpan] = []
    forEachSpan(of: files.range(of: piece)) { spans.append($0) }
    return spans
  }

  /// Returns a set of pieces without those that have bytes in certain places.
  func removing(_ places: Set<Int>, from pieces: Bitfield) -> Bitfield {
    guard !places.isEmpty else { return pieces }
    var kept = pieces
    pieces.forEach { piece in
      forEachSpan(of: files.range(of: piece)) { if places.contains($0.file) { kept.remove(piece) } }
    }
    return kept
  }

  /// Returns the stray that contains a byte of the torrent, if any, and the end of that answer's
  /// validity.
  private func stray(at position: Int64) -> (Stray?, limit: Int64) {
    var low = 0
    var high = strays.count
    // Find the first stray that begins after the position.
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
