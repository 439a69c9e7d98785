import Bencode
import Metainfo
import Primitives

/// What a run leaves beside unfinished data, so that the next one knows which files it may change.
///
/// Canonical bencoding of a dictionary: `format` ("swift-torrent state"), `version` (1),
/// `info hash`, `verified` (one bit a piece) and `unfinished` (one bit a file, of those that we
/// made and that are not yet whole; the high bit of a byte first).
struct StateRecord: Equatable, Sendable {
  static let format = "swift-torrent state"
  static let version: Int64 = 1

  var infoHash: InfoHash
  /// The pieces that were verified when the record was written; they are hashed again all the same.
  var verified: Bitfield
  /// Which files are ours and not whole yet, by number.
  var unfinished: [Bool]

  init(infoHash: InfoHash, verified: Bitfield, unfinished: [Bool]) {
    self.infoHash = infoHash
    self.verified = verified
    self.unfinished = unfinished
  }

  /// Reads a record; nil unless it is whole and speaks of this torrent.
  init?(_ bytes: [UInt8], torrent: TorrentMetainfo) {
    // A damaged record is told from a good one only; what is wrong with it helps nobody.
    guard
      let root = try? BencodeParser.parse(bytes, limits: BencodeLimits(depth: 4, tokens: 64)).root,
      root["format"]?.text == Self.format, root["version"]?.integer == Self.version,
      let hash = root["info hash"]?.bytes, Array(hash) == torrent.infoHash.bytes,
      let verified = root["verified"]?.bytes.flatMap({
        Bitfield(wireBytes: $0, count: torrent.geometry.pieceCount)
      }),
      let unfinished = root["unfinished"]?.bytes.flatMap({
        Bitfield(wireBytes: $0, count: torrent.layout.files.count)
      })
    else { return nil }
    self.init(
      infoHash: torrent.infoHash, verified: verified,
      unfinished: torrent.layout.files.indices.map { unfinished.contains(PieceIndex($0)) })
  }

  /// The most bytes that a record of this torrent can have.
  static func maximumLength(for torrent: TorrentMetainfo) -> Int {
    512 + torrent.geometry.pieceCount / 8 + torrent.layout.files.count / 8
  }

  /// The canonical encoding.
  var encodedBytes: [UInt8] {
    var files = Bitfield(count: unfinished.count)
    for index in unfinished.indices where unfinished[index] { files.insert(PieceIndex(index)) }
    let fields: BencodeTree = [
      "format": .bytes(Self.format.utf8), "version": .integer(Self.version),
      "info hash": .bytes(infoHash.bytes), "verified": .bytes(verified.wireBytes),
      "unfinished": .bytes(files.wireBytes),
    ]
    return fields.encodedBytes
  }
}
