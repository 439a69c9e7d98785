import Bencode
import Glibc
import Metainfo

/// The bytes of a new torrent.
enum NewTorrent {
  /// Puts a torrent together.
  ///
  /// - Parameters:
  ///   - tree: The files.
  ///   - hashes: One for each piece.
  ///   - pieceLength: The bytes of a piece.
  ///   - name: The file's or folder's name, which need not be text.
  ///   - invocation: What else it says.
  /// - Returns: The .torrent in canonical form.
  static func bytes(
    of tree: FileTree, hashes: [PieceHash], pieceLength: Int, name: [UInt8],
    _ invocation: Invocation
  ) -> [UInt8] {
    let creation = invocation.creation
    var builder = TorrentBuilder(name: "", pieceLength: pieceLength)
    builder.name = BencodeBytes(name)
    if tree.isFolder {
      for entry in tree.entries {
        builder.addFile(
          rawPath: entry.path.map { BencodeBytes($0) }, length: entry.length,
          attributes: entry.isExecutable ? "x" : "")
      }
    } else if tree.entries.first?.isExecutable == true {
      builder.infoFields["attr"] = "x"
    }
    builder.trackers = invocation.trackers
    builder.webSeeds = invocation.webSeeds
    builder.isPrivate = creation.isPrivate
    builder.comment = creation.comment
    builder.infoFields["source"] = creation.source.map { .bytes($0.utf8) }
    if !creation.isReproducible {
      builder.createdBy = "swift-torrent/\(CommandLineTool.version)"
      builder.creationDate = Int64(time(nil))
    }
    return builder.torrent(pieceHashes: hashes, length: tree.totalLength)
  }
}
