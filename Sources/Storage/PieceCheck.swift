import Hashing
import Metainfo
import Primitives

/// The working memory of one thread that checks pieces.
struct PieceCheck {
  enum Content {
    /// A file is missing or too short.
    case absent
    /// The piece lies in a hole of its file.
    case zeros
    /// Bytes that must be read.
    case data
  }

  /// How many pieces are hashed at once.
  static let lanes = 16
  /// How many pieces are looked at before progress is told, also when none needs reading.
  static let scanBound = 256
  /// How many bytes of each are read in one step.
  static let step = 128 << 10

  private let storage: TorrentStorage
  private let records: [FileTable.Record]
  private let buffer: UnsafeMutableRawBufferPointer
  /// The hash of a full piece of zeros, made when it is first needed.
  private var hashOfZeros: PieceHash?
  /// The hole found last.
  private var hole: (file: Int, range: Range<Int64>)?

  init(storage: TorrentStorage) {
    self.storage = storage
    records = storage.files.records
    let step = min(Self.step, storage.torrent.geometry.pieceLength)
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step * Self.lanes, alignment: 64)
  }

  func free() {
    buffer.deallocate()
  }

  /// What a look at the files' sizes and holes tells of a piece.
  mutating func content(of piece: PieceIndex) throws(StorageError) -> Content {
    let layout = storage.torrent.layout
    let spans = layout.spans(of: piece).filter { layout.files[$0.file].isStored }
    for span in spans {
      let record = records[span.file]
      guard record.exists, record.size >= span.offset + Int64(span.length) else { return .absent }
    }
    guard spans.count == 1, let span = spans.first,
      span.length == storage.torrent.geometry.pieceLength
    else { return .data }
    let end = span.offset + Int64(span.length)
    if let hole, hole.file == span.file, hole.range.contains(span.offset) {
      return end <= hole.range.upperBound ? .zeros : .data
    }
    let data = try storage.files.withFile(span.file, for: .reading) {
      descriptor throws(SystemCallError) in
      try storage.files.fileSystem.nextData(descriptor, from: span.offset)
    }
    let dataStart = data ?? records[span.file].size
    if dataStart > span.offset { hole = (span.file, span.offset..<dataStart) }
    return end <= dataStart ? .zeros : .data
  }

  /// Whether a piece of full length is right when all its bytes are zero.
  mutating func isHashOfZeros(_ piece: PieceIndex) -> Bool {
    if let hashOfZeros { return hashOfZeros == storage.torrent.pieceHash(piece) }
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    var state = SHA1State()
    var rest = storage.torrent.geometry.pieceLength
    while rest > 0 {
      let part = UnsafeRawBufferPointer(rebasing: buffer[..<min(rest, buffer.count)])
      state.update(part)
      rest -= part.count
    }
    let hash = state.finish()
    hashOfZeros = hash
    return hash == storage.torrent.pieceHash(piece)
  }

  /// Reads and hashes at most `lanes` pieces, step by step.
  func verify(_ pieces: [PieceIndex]) throws(StorageError) -> [PieceIndex] {
    guard !pieces.isEmpty else { return [] }
    let geometry = storage.torrent.geometry
    let step = buffer.count / Self.lanes
    var states = Array(repeating: SHA1State(), count: pieces.count)
    var isReadable = Array(repeating: true, count: pieces.count)
    var position = 0
    while position < geometry.length(of: pieces[0]) {
      var chunks: [UnsafeRawBufferPointer] = []
      for (lane, piece) in pieces.enumerated() {
        let length = max(0, min(step, geometry.length(of: piece) - position))
        let part = UnsafeMutableRawBufferPointer(
          rebasing: buffer[lane * step..<lane * step + length])
        let start = geometry.offset(of: piece) + Int64(position)
        if length > 0, isReadable[lane] {
          isReadable[lane] = try storage.read(start..<start + Int64(length), into: part)
        }
        chunks.append(UnsafeRawBufferPointer(part))
      }
      SHA1State.update(&states, with: chunks)
      position += step
    }
    return pieces.indices.compactMap { lane in
      let isRight = states[lane].finish() == storage.torrent.pieceHash(pieces[lane])
      return isRight && isReadable[lane] ? pieces[lane] : nil
    }
  }
}
