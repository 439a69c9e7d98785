import Bencode
import Hashing
import Primitives

/// Reads and checks the fields of an `info` dictionary (BEP 3, BEP 47).
struct InfoReader {
  let fields: FieldReader
  let limits: MetainfoLimits
  var warnings: [MetainfoWarning]

  /// Whether there is a list of files.
  var isMultiFile: Bool { fields.dictionary["files"] != nil }

  mutating func warn(_ warning: MetainfoWarning) {
    if warnings.count < limits.warnings { warnings.append(warning) }
  }

  /// Tells people that a torrent is of another kind, rather than broken.
  func refuseVersionTwoOnly() throws(MetainfoError) {
    let dictionary = fields.dictionary
    guard dictionary["pieces"] == nil else { return }
    if dictionary["meta version"] != nil || dictionary["file tree"] != nil {
      throw .versionTwoOnly
    }
  }

  /// The name as it stands there; empty without one.
  var nameBytes: [UInt8] {
    Array(fields.dictionary["name.utf-8"]?.bytes ?? fields.dictionary["name"]?.bytes ?? [])
  }

  mutating func readName() throws(MetainfoError) -> String {
    let bytes =
      if let name = fields.dictionary["name.utf-8"]?.bytes { name } else {
        try fields.bytes("name")
      }
    let name = PathSanitizer.sanitizeName(bytes)
    if isMultiFile, !name.utf8.elementsEqual(bytes) { warn(.changedName(name)) }
    return name
  }

  func readPieceLength() throws(MetainfoError) -> Int {
    let length = try fields.integer("piece length")
    guard length > 0, length <= PieceGeometry.maximumPieceLength else {
      throw .badPieceLength(length)
    }
    return Int(length)
  }

  func readGeometry(
    files: [TorrentFile], pieceLength: Int
  ) throws(MetainfoError) -> PieceGeometry {
    let total = files.last.map { $0.offset + $0.length } ?? 0
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
  mutating func readFiles(name: String) throws(MetainfoError) -> [TorrentFile] {
    var resolver = PathResolver(limit: limits.duplicateNames)
    guard let value = fields.dictionary["files"] else {
      let raw = fields.dictionary["name.utf-8"]?.bytes ?? fields.dictionary["name"]?.bytes ?? []
      let entry = FileEntry(
        raw: [raw], safe: [name], attributes: attributes(of: fields), fields: fields)
      return [try file(entry, index: 0, offset: 0, folder: nil, resolver: &resolver)]
    }
    guard let list = value.list else {
      throw .wrongType(field: fields.name("files"), expected: "a list")
    }
    guard !list.isEmpty else { throw .noFiles }
    if fields.dictionary["length"] != nil { warn(.lengthBesideFiles) }
    var files: [TorrentFile] = []
    files.reserveCapacity(list.count)
    var offset: Int64 = 0
    for (index, element) in list.enumerated() {
      let entry = try readEntry(element, index: index)
      let file = try file(entry, index: index, offset: offset, folder: name, resolver: &resolver)
      let (end, overflow) = offset.addingReportingOverflow(file.length)
      guard !overflow else { throw .totalLengthOverflow }
      offset = end
      files.append(file)
    }
    return files
  }

  /// One entry of `files` before it has its final path.
  private struct FileEntry {
    let raw: [ArraySlice<UInt8>]
    let safe: [String]
    let attributes: TorrentFile.Attributes
    let fields: FieldReader
  }

  private func readEntry(
    _ value: BencodeValue, index: Int
  ) throws(MetainfoError) -> FileEntry {
    let path = "info.files[\(index)]"
    guard let dictionary = value.dictionary else {
      throw .wrongType(field: path, expected: "a dictionary")
    }
    let entry = FieldReader(dictionary: dictionary, path: path)
    let attributes = attributes(of: entry)
    let key = dictionary["path.utf-8"]?.list != nil ? "path.utf-8" : "path"
    // Filling is never stored, so it needs no name of its own.
    let raw =
      attributes.contains(.padding) && dictionary[key] == nil
      ? [] : try entry.path(key, limit: limits.directoryDepth)
    let safe = raw.isEmpty ? [".pad"] : PathSanitizer.sanitizePath(raw)
    return FileEntry(raw: raw, safe: safe, attributes: attributes, fields: entry)
  }

  private func attributes(of fields: FieldReader) -> TorrentFile.Attributes {
    var attributes: TorrentFile.Attributes = []
    for character in fields.dictionary["attr"]?.bytes ?? [] {
      switch character {
      case UInt8(ascii: "x"): attributes.insert(.executable)
      case UInt8(ascii: "h"): attributes.insert(.hidden)
      case UInt8(ascii: "p"): attributes.insert(.padding)
      case UInt8(ascii: "l"): attributes.insert(.symlink)
      default: break  // later versions may define more
      }
    }
    return attributes
  }

  private mutating func file(
    _ entry: FileEntry, index: Int, offset: Int64, folder: String?, resolver: inout PathResolver
  ) throws(MetainfoError) -> TorrentFile {
    let top = folder.map { [$0] } ?? []
    var path = top + entry.safe
    var length: Int64 = 0
    if entry.attributes.contains(.symlink) {
      // A link has no data; its target is checked for form only, since no link is ever made.
      _ = try entry.fields.path("symlink path", limit: limits.directoryDepth)
      warn(.skippedSymlink(path: path.joined(separator: "/")))
    } else {
      length = try entry.fields.length("length")
      if !entry.attributes.contains(.padding) {
        path = try resolver.claim(path)
        if !isUnchanged(path.dropFirst(top.count), entry.raw) {
          warn(.changedPath(file: index, path: path.joined(separator: "/")))
        }
      }
    }
    let md5sum = entry.fields.dictionary["md5sum"]?.bytes.map { DisplayText.decode($0) }
    return TorrentFile(
      index: index, path: path, length: length, offset: offset, attributes: entry.attributes,
      md5sum: md5sum)
  }

  private func isUnchanged(_ path: ArraySlice<String>, _ raw: [ArraySlice<UInt8>]) -> Bool {
    path.count == raw.count && zip(path, raw).allSatisfy { $0.utf8.elementsEqual($1) }
  }
}
