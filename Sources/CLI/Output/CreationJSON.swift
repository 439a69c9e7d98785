package import Metainfo
import Primitives

/// The output of `create --json`.
package enum CreationJSON {
  /// Returns an object with the torrent and the path of its file.
  package static func created(_ torrent: TorrentMetainfo, at path: String) -> JSONValue {
    let geometry = torrent.geometry
    let head: [JSONValue.Member] = [
      .init("schema", .count(EventJSON.schema)), .init("torrent", .string(path)),
    ]
    let facts: [JSONValue.Member] = [
      .init("info_hash", .string(torrent.infoHash.description)),
      .init("total_length", .integer(geometry.totalLength)),
      .init("piece_length", .count(geometry.pieceLength)),
      .init("piece_count", .count(geometry.pieceCount)),
      .init("files", .count(torrent.layout.files.count)),
      .init("magnet", .string(MagnetLink.text(of: torrent))),
    ]
    return .object(head + TorrentJSON.name(torrent.info.nameBytes) + facts)
  }
}
