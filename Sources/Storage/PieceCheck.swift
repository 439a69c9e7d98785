import Hashing
import Metainfo
import Primitives

/// The working memory of one thread that checks pieces: 1 MiB, with any piece length.
///
/// It stays in the core's own cache between the copy from the page cache and the hash pass. Mapping
/// the files would avoid some copying, but truncation of a mapped file would kill the process.
@safe
struct PieceCheck: ~Copyable {
  enum Content {
    /// A file is missing or too short.
    case absent
    /// The piece lies in a hole of its file.
    case zeros
    /// The piece must be read.
    case data
  }

  /// The number of pieces hashed at once.
  static let lanes = 16
  /// The number of bytes of each piece that are read in one step.
  static let step = 64 << 10
  /// The number of bytes of each piece that are prefetched.
  static let ahead = 1 << 20
  /// The maximum number of pieces between two reports of progress, including those that are not
  /// read.
  static let scanBound = 1024

  /// The number of pieces in a batch, in which small pieces fill the buffer.
  let batchLimit: Int
  private let storage: TorrentStorage
  private let records: [FileTable.Record]
  private let holes: HoleMap
  private let buffer: UnsafeMutableRawBufferPointer
  /// The hash of a whole piece of zeros, computed on first use.
  private var hashOfZeros: PieceHash?
  /// The hole or data extent found last.
  private var extent: HoleMap.Extent?

  init(storage: TorrentStorage, holes: HoleMap) {
    self.storage = storage
    self.holes = holes
    records = storage.files.records
    let pieceLength = storage.torrent.geometry.pieceLength
    let length = Self.lanes * min(Self.step, pieceLength)
    let capacity = pieceLength <= Self.step ? Self.lanes * Self.step : length
    batchLimit = min(Self.scanBound, max(Self.lanes, capacity / pieceLength))
    unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(length, min(capacity, batchLimit * pieceLength)), alignment: 4096)
  }

  deinit {
    unsafe buffer.deallocate()
  }

  /// Classifies a piece by the files' sizes and holes.
  mutating func content(of piece: PieceIndex) throws(StorageError) -> Content {
    var storedSpans = 0
    var last: FileSpan?
    var isPresent = true
    let layout = storage.layout
    layout.forEachSpan(of: layout.files.range(of: piece)) { span in
      guard layout.places[span.file].isStored else { return }
      storedSpans += 1
      last = span
      let record = records[span.file]
      if !record.exists || record.size < span.offset + Int64(span.length) { isPresent = false }
    }
    guard isPresent else { return .absent }
    guard storedSpans == 1, let span = last,
      span.length == storage.torrent.geometry.pieceLength
    else { return .data }
    let extent = try extent(at: span)
    let isHole = extent.isHole && span.offset + Int64(span.length) <= extent.range.upperBound
    return isHole ? .zeros : .data
  }

  /// Returns the hole or data extent in which a span begins; the file system is asked once for
  /// each.
  private mutating func extent(at span: FileSpan) throws(StorageError) -> HoleMap.Extent {
    if let extent, extent.file == span.file, extent.range.contains(span.offset) { return extent }
    let (storage, end) = (storage, records[span.file].size)
    let found = try holes.extent(file: span.file, offset: span.offset) { () throws(StorageError) in
      try storage.files.withFile(span.file, for: .reading) { descriptor throws(SystemCallError) in
        let disk = storage.files.fileSystem
        let data = try disk.nextData(descriptor, from: span.offset) ?? end
        if data > span.offset {
          return HoleMap.Extent(file: span.file, range: span.offset..<data, isHole: true)
        }
        let hole = try disk.nextHole(descriptor, from: span.offset)
        return HoleMap.Extent(
          file: span.file, range: span.offset..<max(hole, span.offset + 1), isHole: false)
      }
    }
    extent = found
    return found
  }

  /// Returns whether a piece of full length is correct if all its bytes are zero.
  mutating func isHashOfZeros(_ piece: PieceIndex) -> Bool {
    if let hashOfZeros { return hashOfZeros == storage.torrent.pieceHash(piece) }
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    var state = SHA1State()
    var rest = storage.torrent.geometry.pieceLength
    while rest > 0 {
      let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<min(rest, buffer.count)])
      unsafe state.update(part)
      rest -= part.count
    }
    let hash = state.finish()
    hashOfZeros = hash
    return hash == storage.torrent.pieceHash(piece)
  }

  /// Reads and hashes at most `batchLimit` pieces in ascending order; returns the correct ones.
  func verify(_ pieces: [PieceIndex]) throws(StorageError) -> [PieceIndex] {
    guard !pieces.isEmpty else { return [] }
    return storage.torrent.geometry.pieceLength <= Self.step
      ? try verifySmall(pieces) : try verifyInSteps(pieces)
  }

  // MARK: - Small pieces

  /// Reads each run of adjacent pieces at once, and hashes all pieces in one pass.
  private func verifySmall(_ pieces: [PieceIndex]) throws(StorageError) -> [PieceIndex] {
    let geometry = storage.torrent.geometry
    var chunks: [UnsafeRawBufferPointer] = unsafe []
    var readable: [PieceIndex] = []
    var position = 0
    var first = 0
    while first < pieces.count {
      var end = first + 1
      while end < pieces.count, pieces[end].value == pieces[end - 1].value + 1 { end += 1 }
      for piece in try read(pieces[first..<end], at: position) {
        let start = position + (piece.value - pieces[first].value) * geometry.pieceLength
        unsafe chunks.append(
          UnsafeRawBufferPointer(rebasing: buffer[start..<start + geometry.length(of: piece)]))
        readable.append(piece)
      }
      position += (end - first) * geometry.pieceLength
      first = end
    }
    return unsafe zip(readable, SHA1.digests(of: chunks)).compactMap { piece, digest in
      digest == storage.torrent.pieceHash(piece) ? piece : nil
    }
  }

  /// Reads a run of pieces into the buffer; returns those that could be read completely.
  private func read(
    _ run: ArraySlice<PieceIndex>, at position: Int
  ) throws(StorageError) -> ArraySlice<PieceIndex> {
    guard let first = run.first, let last = run.last else { return run }
    let layout = storage.torrent.layout
    let range = layout.range(of: first).lowerBound..<layout.range(of: last).upperBound
    let part = unsafe UnsafeMutableRawBufferPointer(
      rebasing: buffer[position..<position + Int(range.upperBound - range.lowerBound)])
    if try unsafe storage.read(range, into: part) { return run }
    // A file was truncated after the survey, but the other pieces are still valid.
    guard run.count > 1 else { return [] }
    var readable: [PieceIndex] = []
    for piece in run {
      let offset = (piece.value - first.value) * layout.geometry.pieceLength
      readable += try read([piece], at: position + offset)
    }
    return readable[...]
  }

  // MARK: - Large pieces

  /// Reads and hashes all pieces step by step, one step of each piece at a time.
  private func verifyInSteps(_ pieces: [PieceIndex]) throws(StorageError) -> [PieceIndex] {
    let geometry = storage.torrent.geometry
    var states = Array(repeating: SHA1State(), count: pieces.count)
    var isReadable = Array(repeating: true, count: pieces.count)
    var chunks: [UnsafeRawBufferPointer] = unsafe []
    var position = 0
    while position < geometry.length(of: pieces[0]) {
      if position.isMultiple(of: Self.ahead) { try prefetch(pieces, from: position) }
      unsafe chunks.removeAll(keepingCapacity: true)
      for (lane, piece) in pieces.enumerated() {
        let length = max(0, min(Self.step, geometry.length(of: piece) - position))
        let part = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer[lane * Self.step..<lane * Self.step + length])
        let start = geometry.offset(of: piece) + Int64(position)
        if length > 0, isReadable[lane] {
          isReadable[lane] = try unsafe storage.read(start..<start + Int64(length), into: part)
        }
        unsafe chunks.append(UnsafeRawBufferPointer(part))
      }
      unsafe SHA1State.update(&states, with: chunks)
      position += Self.step
    }
    return pieces.indices.compactMap { lane in
      let isRight = states[lane].finish() == storage.torrent.pieceHash(pieces[lane])
      return isRight && isReadable[lane] ? pieces[lane] : nil
    }
  }

  /// Prefetches long stretches for a disk, since the steps of several pieces alternate.
  private func prefetch(_ pieces: [PieceIndex], from position: Int) throws(StorageError) {
    let geometry = storage.torrent.geometry
    for piece in pieces {
      let length = min(Self.ahead, geometry.length(of: piece) - position)
      guard length > 0 else { continue }
      let start = geometry.offset(of: piece) + Int64(position)
      try storage.prefetch(start..<start + Int64(length))
    }
  }
}
