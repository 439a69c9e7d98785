import Bencode
import Glibc
import Metainfo

/// The assembly of a new torrent.
enum NewTorrent {
  /// Returns the bytes of a new torrent.
  ///
  /// - Parameters:
  ///   - tree: The files.
  ///   - hashes: The hash of each piece.
  ///   - pieceLength: The piece length in bytes.
  ///   - name: The name of the file or folder, which need not be text.
  ///   - invocation: The command line, which has the other fields.
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
    builder.trackers = invocation.sources.trackers
    builder.webSeeds = invocation.sources.webSeeds
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
