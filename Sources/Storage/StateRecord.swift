import Bencode
import Hashing
import Metainfo
import Primitives

/// The record that a run leaves beside incomplete data, by which the next run recognizes the files.
///
/// The first three lines are the format with its version, the info-hash in hexadecimal, and the
/// length of the rest in bytes. A record that a power failure has truncated is therefore still
/// recognized. The rest is a canonical bencoded dictionary:
///
/// | key | value |
/// |---|---|
/// | `boot` | the identity of the boot |
/// | `clean` | 1 if the run ended and this is its complete state, else 0 |
/// | `digest` | SHA-1 of the whole record without this field, to detect flipped bits |
/// | `inode` | the inode number of the state file itself |
/// | `saved` | the modification time of the state file itself, in nanoseconds since 1970 |
/// | `selected` | a bit for each file: it is selected |
/// | `stamps` | a `FileStamp` for each file, then one for the part file |
/// | `unfinished` | a bit for each file: it is ours, or about to be created, and incomplete |
/// | `verified` | a bit for each piece: it is verified and written |
/// | `whole` | a bit for each file: it is ours and complete |
///
/// In bit strings, the high bit of a byte comes first.
struct StateRecord: Equatable, Sendable {
  /// The first line of a state file.
  static let format = "swift-torrent state 3\n"

  /// The facts about the state file that only its writer knows.
  ///
  /// Another program that creates a file with the bytes of a record cannot predict them, and a copy
  /// that preserves times preserves only one of them.
  struct Identity: Equatable, Sendable {
    let inode: UInt64
    /// The modification time, in nanoseconds since 1970.
    let modified: Int64
  }

  let infoHash: InfoHash
  /// The pieces that were verified and written when the record was made.
  var verified: Bitfield
  /// For each file, by index: true if it is ours and incomplete.
  var unfinished: [Bool]
  /// For each file, by index: true if it is ours and complete.
  var whole: [Bool]
  /// A Boolean value indicating whether the run ended and this is its complete state.
  var isClean: Bool
  /// The identity of the boot; empty if it was unknown.
  var boot: String
  /// The selected files.
  var selection: FileSelection
  /// The stamps of all files, followed by that of the part file; nil for missing ones.
  var stamps: [FileStamp?]
  /// The identity of the state file itself, known once the file has been created.
  var identity: Identity?

  /// The meaning of the bytes of a state file.
  enum Reading: Equatable {
    /// A complete record of this torrent.
    case record(StateRecord)
    /// A truncated record of this torrent.
    case cut
    /// Any other content.
    case foreign
  }

  /// Parses a state file.
  static func read(_ bytes: [UInt8], torrent: TorrentMetainfo) -> Reading {
    let opening = Array((Self.format + torrent.infoHash.description + "\n").utf8)
    guard bytes.starts(with: opening) else { return .foreign }
    let rest = bytes[opening.count...]
    guard let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) else {
      let isCut = rest.count < 12 && rest.allSatisfy { $0 == 0 || (0x30...0x39).contains($0) }
      return isCut || rest.allSatisfy({ $0 == 0 }) ? .cut : .foreign
    }
    guard let length = Int(String(decoding: rest[..<lineEnd], as: UTF8.self)),
      0...maximumLength(for: torrent) ~= length
    else { return .foreign }
    let body = bytes[(lineEnd + 1)...]
    if body.count < length { return .cut }
    guard body.count == length else { return .foreign }
    // The length of a file can reach the disk before its bytes, so that it ends in zeros.
    if body.last == 0 { return .cut }
    guard let record = StateRecord(body, torrent: torrent), record.encodedBytes == bytes else {
      return .foreign
    }
    return .record(record)
  }

  /// Returns the maximum length of a record of this torrent, in bytes.
  static func maximumLength(for torrent: TorrentMetainfo) -> Int {
    let files = torrent.layout.files.count
    return 1024 + torrent.geometry.pieceCount / 8 + files / 2
      + (files + 1) * FileStamp.encodedLength
  }

  /// The canonical encoding.
  var encodedBytes: [UInt8] {
    var encodedStamps: [UInt8] = []
    encodedStamps.reserveCapacity(stamps.count * FileStamp.encodedLength)
    for stamp in stamps { FileStamp.encode(stamp, to: &encodedStamps) }
    var fields: [BencodeBytes: BencodeTree] = [
      "boot": .bytes(boot.utf8), "clean": .integer(isClean ? 1 : 0),
      "selected": .bytes(Self.bits(unfinished.indices.map(selection.contains))),
      "stamps": .bytes(encodedStamps), "unfinished": .bytes(Self.bits(unfinished)),
      "verified": .bytes(verified.wireBytes), "whole": .bytes(Self.bits(whole)),
    ]
    if let identity {
      fields["inode"] = .integer(Int64(bitPattern: identity.inode))
      fields["saved"] = .integer(identity.modified)
    }
    let opening = Self.format + infoHash.description + "\n"
    let undigested = Array(opening.utf8) + BencodeTree.dictionary(fields).encodedBytes
    fields["digest"] = .bytes(SHA1.digest(of: undigested).bytes)
    let body = BencodeTree.dictionary(fields).encodedBytes
    return Array((opening + "\(body.count)\n").utf8) + body
  }

  private static func bits(_ flags: [Bool]) -> [UInt8] {
    var bits = Bitfield(count: flags.count)
    for index in flags.indices where flags[index] { bits.insert(PieceIndex(index)) }
    return bits.wireBytes
  }
}

extension StateRecord {
  /// The maximum length of `boot`, in bytes.
  private static let longestBoot = 64

  init(
    infoHash: InfoHash, verified: Bitfield, unfinished: [Bool], whole: [Bool], isClean: Bool,
    boot: String, selection: FileSelection, stamps: [FileStamp?]
  ) {
    self.infoHash = infoHash
    self.verified = verified
    self.unfinished = unfinished
    self.whole = whole
    self.isClean = isClean
    self.boot = boot
    self.selection = selection
    self.stamps = stamps
    identity = nil
  }

  /// Parses the dictionary; the caller compares the encoding, which includes the digest.
  fileprivate init?(_ body: ArraySlice<UInt8>, torrent: TorrentMetainfo) {
    let fileCount = torrent.layout.files.count
    let limits = BencodeLimits(depth: 4, tokens: 64)
    // A record is either valid or damaged; the place of the damage does not matter.
    guard let root = try? BencodeParser.parse(Array(body), limits: limits).root,
      let clean = root["clean"]?.integer, 0...1 ~= clean,
      let boot = root["boot"]?.text, boot.utf8.count <= Self.longestBoot,
      let inode = root["inode"]?.integer, let saved = root["saved"]?.integer,
      let verified = root["verified"]?.bytes.flatMap({
        Bitfield(wireBytes: $0, count: torrent.geometry.pieceCount)
      }),
      let selected = Self.bits(root["selected"], count: fileCount),
      let unfinished = Self.bits(root["unfinished"], count: fileCount),
      let whole = Self.bits(root["whole"], count: fileCount),
      let stamps = root["stamps"]?.bytes, stamps.count == (fileCount + 1) * FileStamp.encodedLength
    else { return nil }
    let bytes = Array(stamps)
    self.init(
      infoHash: torrent.infoHash, verified: verified, unfinished: unfinished, whole: whole,
      isClean: clean == 1, boot: boot,
      selection: selected.allSatisfy(\.self)
        ? .all : FileSelection((0..<fileCount).filter { selected[$0] }),
      stamps: (0...fileCount).map { index in
        let start = index * FileStamp.encodedLength
        return FileStamp(bytes[start..<start + FileStamp.encodedLength])
      })
    identity = Identity(inode: UInt64(bitPattern: inode), modified: saved)
  }

  private static func bits(_ value: BencodeValue?, count: Int) -> [Bool]? {
    guard let bits = value?.bytes.flatMap({ Bitfield(wireBytes: $0, count: count) }) else {
      return nil
    }
    return (0..<count).map { bits.contains(PieceIndex($0)) }
  }
}
