import Bencode
import Hashing
import Primitives

/// A reader and validator of the fields of an `info` dictionary (BEP 3, BEP 47).
struct InfoReader {
  let fields: FieldReader
  let limits: MetainfoLimits
  var warnings: [MetainfoWarning]

  /// A Boolean value indicating whether the torrent has a list of files.
  var isMultiFile: Bool { fields.dictionary["files"] != nil }

  mutating func warn(_ warning: MetainfoWarning) {
    if warnings.count < limits.warnings { warnings.append(warning) }
  }

  /// Throws a specific error if the torrent is of version 2 only, since it is not broken.
  func refuseVersionTwoOnly() throws(MetainfoError) {
    let dictionary = fields.dictionary
    guard dictionary["pieces"] == nil else { return }
    if dictionary["meta version"] != nil || dictionary["file tree"] != nil {
      throw .versionTwoOnly
    }
  }

  /// Reads the torrent's name as it is, preferably from `name.utf-8`.
  func readName() throws(MetainfoError) -> FileName {
    if let name = fields.dictionary["name.utf-8"]?.bytes { return FileName(name) }
    return FileName(try fields.bytes("name"))
  }

  func readPieceLength() throws(MetainfoError) -> Int {
    let length = try fields.integer("piece length")
    guard length > 0, length <= PieceGeometry.maximumPieceLength else {
      throw .badPieceLength(length)
    }
    return Int(length)
  }

  func readGeometry(
    files: FileList, pieceLength: Int
  ) throws(MetainfoError) -> PieceGeometry {
    let total = files.totalLength
    guard total > 0 else { throw .noData }
    guard (total - 1) / Int64(pieceLength) < Int64(limits.pieces),
      let geometry = PieceGeometry(totalLength: total, pieceLength: pieceLength)
    else { throw .tooManyPieces(limit: limits.pieces) }
    return geometry
  }

  func readPieceHashes(geometry: PieceGeometry) throws(MetainfoError) -> ArraySlice<UInt8> {
    let bytes = try fields.bytes("pieces")
    guard bytes.count.isMultiple(of: PieceHash.length) else {
      throw .unalignedPieces(length: bytes.count)
    }
    let count = bytes.count / PieceHash.length
    guard count == geometry.pieceCount else {
      throw .pieceCountMismatch(hashes: count, pieces: geometry.pieceCount)
    }
    return bytes
  }
}

// MARK: - Files

extension InfoReader {
  /// Reads `files`, or the single file that `length` describes.
  mutating func readFiles(
    name: FileName, source: ArraySlice<UInt8>
  ) throws(MetainfoError) -> FileList {
    var reader = FileListReader(limits: limits)
    let base = source.startIndex
    if let value = fields.dictionary["files"] {
      guard let list = value.list else {
        throw .wrongType(field: fields.name("files"), expected: "a list")
      }
      guard !list.isEmpty else { throw .noFiles }
      if fields.dictionary["length"] != nil { warn(.lengthBesideFiles) }
      try unsafe source.withUnsafeBufferPointer { bytes throws(MetainfoError) in
        try unsafe reader.read(bytes, at: list.range.lowerBound - base, count: list.count)
      }
    } else {
      try unsafe source.withUnsafeBufferPointer { bytes throws(MetainfoError) in
        try unsafe reader.readSingle(bytes, at: 0)
      }
    }
    let files = FileList(
      entries: reader.entries, source: source, name: name, isMultiFile: isMultiFile,
      sums: reader.sums)
    if NameTraits(name.bytes).contains(.unsafe) { warn(.unsafeName(name.text)) }
    for index in reader.links { warn(.skippedSymlink(path: files[index].displayPath)) }
    for index in reader.unsafe {
      warn(.unsafePath(file: index, path: files[index].displayPath))
    }
    return files
  }
}
