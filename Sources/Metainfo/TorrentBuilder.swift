package import Bencode
import Hashing
import Primitives

/// A builder of .torrent files of version 1, in canonical form (BEP 3).
package struct TorrentBuilder: Sendable {
  private struct File: Sendable {
    let path: [BencodeBytes]
    let length: Int64
    let attributes: String
  }

  /// The name of the file, or of the folder once files have been added.
  package var name: BencodeBytes
  /// The piece length in bytes.
  package var pieceLength: Int
  /// The trackers by tier (BEP 12).
  package var trackers: [[String]] = []
  /// The URLs of web seeds (BEP 19).
  package var webSeeds: [String] = []
  /// A Boolean value indicating whether the torrent is private: peers come from its trackers only
  /// (BEP 27).
  package var isPrivate = false
  /// The `comment` field.
  package var comment: String?
  /// The name of the program that created the torrent.
  package var createdBy: String?
  /// The date of creation in seconds since 1970.
  package var creationDate: Int64?
  /// Additional fields of `info`, which replace those of the builder.
  package var infoFields: [BencodeBytes: BencodeTree] = [:]
  /// Additional fields beside `info`, which replace those of the builder.
  package var fields: [BencodeBytes: BencodeTree] = [:]
  private var files: [File] = []

  /// Creates a builder for a torrent of a single file, unless files are added.
  package init(name: String, pieceLength: Int) {
    self.name = BencodeBytes(name)
    self.pieceLength = pieceLength
  }

  /// Appends a file to the torrent's folder.
  package mutating func addFile(path: [String], length: Int64, attributes: String = "") {
    addFile(rawPath: path.map { BencodeBytes($0) }, length: length, attributes: attributes)
  }

  /// Appends a file whose path need not be text.
  package mutating func addFile(rawPath: [BencodeBytes], length: Int64, attributes: String = "") {
    files.append(File(path: rawPath, length: length, attributes: attributes))
  }

  /// Returns the torrent for known piece hashes; `length` matters only if no files were added.
  package func torrent(pieceHashes: [PieceHash], length: Int64 = 0) -> [UInt8] {
    torrent(pieces: pieceHashes.flatMap(\.bytes), length: length)
  }

  /// Returns the torrent for this content, which is that of all files in order.
  package func torrent(content: [UInt8]) -> [UInt8] {
    var pieces: [UInt8] = []
    var start = 0
    while start < content.count, pieceLength > 0 {
      let end = min(content.count, start + pieceLength)
      pieces += SHA1.digest(of: content[start..<end]).bytes
      start = end
    }
    return torrent(pieces: pieces, length: Int64(content.count))
  }

  /// Returns the torrent with any bytes as its `pieces` field.
  package func torrent(pieces: [UInt8], length: Int64) -> [UInt8] {
    var info: [BencodeBytes: BencodeTree] = [
      "name": .string(name),
      "piece length": .integer(Int64(pieceLength)),
      "pieces": .bytes(pieces),
    ]
    if files.isEmpty {
      info["length"] = .integer(length)
    } else {
      info["files"] = .list(files.map(Self.tree))
    }
    if isPrivate { info["private"] = 1 }
    info.merge(infoFields) { $1 }

    var outer: [BencodeBytes: BencodeTree] = ["info": .dictionary(info)]
    let tiers = trackers.filter { !$0.isEmpty }
    if let first = tiers.first?.first {
      outer["announce"] = .bytes(first.utf8)
      if tiers.count > 1 || tiers[0].count > 1 {
        outer["announce-list"] = .list(tiers.map { .list($0.map { .bytes($0.utf8) }) })
      }
    }
    if !webSeeds.isEmpty { outer["url-list"] = .list(webSeeds.map { .bytes($0.utf8) }) }
    outer["comment"] = comment.map { .bytes($0.utf8) }
    outer["created by"] = createdBy.map { .bytes($0.utf8) }
    outer["creation date"] = creationDate.map { .integer($0) }
    outer.merge(fields) { $1 }
    return BencodeTree.dictionary(outer).encodedBytes
  }

  private static func tree(_ file: File) -> BencodeTree {
    var entry: [BencodeBytes: BencodeTree] = [
      "length": .integer(file.length), "path": .list(file.path.map { .string($0) }),
    ]
    if !file.attributes.isEmpty { entry["attr"] = .bytes(file.attributes.utf8) }
    return .dictionary(entry)
  }
}
