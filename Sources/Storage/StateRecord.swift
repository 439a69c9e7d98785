import Bencode
import Hashing
import Metainfo
import Primitives

/// What a run leaves beside unfinished data, so that the next one knows the files again.
///
/// Canonical bencoding of a dictionary:
///
/// | key | value |
/// |---|---|
/// | `boot` | what tells one start of the machine from another |
/// | `clean` | 1 when the run ended and wrote everything down, else 0 |
/// | `digest` | SHA-1 of the record without this field: a bit that has changed must not be trusted |
/// | `format` | "swift-torrent state" |
/// | `info hash` | of the torrent |
/// | `selected` | one bit a file, of those that were wanted |
/// | `stamps` | a `FileStamp` for each file, then one for the part file |
/// | `unfinished` | one bit a file, of those that we made and that are not yet whole |
/// | `verified` | one bit a piece, of those that are verified and written |
/// | `version` | 2 |
///
/// In bit strings the high bit of a byte comes first. Version 1 had no `boot`, `clean`, `selected`
/// and `stamps`: it tells which files are ours, and no more.
struct StateRecord: Equatable, Sendable {
  static let format = "swift-torrent state"
  static let version: Int64 = 2

  /// By what files are known again; what version 1 lacks.
  struct Evidence: Equatable, Sendable {
    /// Whether the run ended and wrote everything down.
    var isClean: Bool
    /// What told that start of the machine from another; empty when nothing did.
    var boot: String
    /// Which files were wanted.
    var selection: FileSelection
    /// One for each file and one for the part file; nil for those that were not there.
    var stamps: [FileStamp?]
  }

  var infoHash: InfoHash
  /// The pieces that were verified and written when the record was made.
  var verified: Bitfield
  /// Which files are ours and not whole yet, by number.
  var unfinished: [Bool]
  /// Nil in a record of version 1, or in place of one that was damaged.
  var evidence: Evidence?

  init(
    infoHash: InfoHash, verified: Bitfield, unfinished: [Bool], evidence: Evidence?
  ) {
    self.infoHash = infoHash
    self.verified = verified
    self.unfinished = unfinished
    self.evidence = evidence
  }

  /// What is known when a record is damaged: any file that is there may be an unfinished one.
  init(damagedFor torrent: TorrentMetainfo) {
    self.init(
      infoHash: torrent.infoHash, verified: Bitfield(count: torrent.geometry.pieceCount),
      unfinished: torrent.layout.files.map(\.isStored), evidence: nil)
  }

  /// What the bytes of a state file turn out to be.
  enum Reading: Equatable {
    /// A record of this torrent.
    case record(StateRecord)
    /// Not a whole record.
    case damaged
    /// A record of another torrent.
    case foreign
  }

  /// Reads a state file.
  static func read(_ bytes: [UInt8], torrent: TorrentMetainfo) -> Reading {
    // A damaged record is told from a good one only; what is wrong with it helps nobody.
    guard
      let root = try? BencodeParser.parse(bytes, limits: BencodeLimits(depth: 4, tokens: 64)).root,
      root["format"]?.text == Self.format, let hash = root["info hash"]?.bytes
    else { return .damaged }
    guard Array(hash) == torrent.infoHash.bytes else { return .foreign }
    let fileCount = torrent.layout.files.count
    guard let version = root["version"]?.integer, 1...Self.version ~= version,
      let verified = root["verified"]?.bytes.flatMap({
        Bitfield(wireBytes: $0, count: torrent.geometry.pieceCount)
      }),
      let unfinished = root["unfinished"]?.bytes.flatMap({
        Bitfield(wireBytes: $0, count: fileCount)
      })
    else { return .damaged }
    var record = StateRecord(
      infoHash: torrent.infoHash, verified: verified,
      unfinished: torrent.layout.files.indices.map { unfinished.contains(PieceIndex($0)) },
      evidence: nil)
    if version > 1 {
      record.evidence = Evidence(root, fileCount: fileCount)
      guard record.evidence != nil, record.encodedBytes == bytes else { return .damaged }
    }
    return .record(record)
  }

  /// The most bytes that a record of this torrent can have.
  static func maximumLength(for torrent: TorrentMetainfo) -> Int {
    let files = torrent.layout.files.count
    return 1024 + torrent.geometry.pieceCount / 8 + files / 4
      + (files + 1) * FileStamp.encodedLength
  }

  /// The canonical encoding.
  var encodedBytes: [UInt8] {
    var fields: [BencodeBytes: BencodeTree] = [
      "format": .bytes(Self.format.utf8),
      "version": .integer(evidence == nil ? 1 : Self.version),
      "info hash": .bytes(infoHash.bytes), "verified": .bytes(verified.wireBytes),
      "unfinished": .bytes(Self.bits(unfinished)),
    ]
    if let evidence {
      var stamps: [UInt8] = []
      stamps.reserveCapacity(evidence.stamps.count * FileStamp.encodedLength)
      for stamp in evidence.stamps { FileStamp.encode(stamp, to: &stamps) }
      fields["boot"] = .bytes(evidence.boot.utf8)
      fields["clean"] = .integer(evidence.isClean ? 1 : 0)
      fields["selected"] = .bytes(Self.bits(unfinished.indices.map(evidence.selection.contains)))
      fields["stamps"] = .bytes(stamps)
      let digest = SHA1.digest(of: BencodeTree.dictionary(fields).encodedBytes)
      fields["digest"] = .bytes(digest.bytes)
    }
    return BencodeTree.dictionary(fields).encodedBytes
  }

  private static func bits(_ flags: [Bool]) -> [UInt8] {
    var bits = Bitfield(count: flags.count)
    for index in flags.indices where flags[index] { bits.insert(PieceIndex(index)) }
    return bits.wireBytes
  }
}

extension StateRecord.Evidence {
  /// The longest `boot` that is read, in bytes.
  private static let longestBoot = 64

  fileprivate init?(_ root: BencodeValue, fileCount: Int) {
    guard let clean = root["clean"]?.integer, 0...1 ~= clean,
      let boot = root["boot"]?.text, boot.utf8.count <= Self.longestBoot,
      let selected = root["selected"]?.bytes.flatMap({
        Bitfield(wireBytes: $0, count: fileCount)
      }),
      let stamps = root["stamps"]?.bytes, stamps.count == (fileCount + 1) * FileStamp.encodedLength
    else { return nil }
    isClean = clean == 1
    self.boot = boot
    selection =
      selected.isFull
      ? .all : FileSelection((0..<fileCount).filter { selected.contains(PieceIndex($0)) })
    let bytes = Array(stamps)
    self.stamps = (0...fileCount).map { index in
      let start = index * FileStamp.encodedLength
      return FileStamp(bytes[start..<start + FileStamp.encodedLength])
    }
  }
}
