package import Metainfo
import Primitives

/// A torrent's fields as JSON.
package enum TorrentJSON {
  /// Everything, for `info --json`.
  package static func info(_ torrent: TorrentMetainfo) -> JSONValue {
    .object(
      [
        .init("schema", .count(EventJSON.schema)), .init("name", .string(torrent.name)),
        .init("info_hash", .string(torrent.infoHash.description)),
        .init("total_length", .integer(torrent.geometry.totalLength)),
        .init("piece_length", .count(torrent.geometry.pieceLength)),
        .init("piece_count", .count(torrent.geometry.pieceCount)),
        .init("multi_file", .bool(torrent.isMultiFile)), .init("private", .bool(torrent.isPrivate)),
        .init("hybrid", .bool(torrent.info.isHybrid)), .init("source", .text(torrent.source)),
        .init("created", torrent.creationDate.map { .integer($0) } ?? .null),
        .init("created_by", .text(torrent.createdBy)), .init("comment", .text(torrent.comment)),
        .init("encoding", .text(torrent.encoding)),
        .init(
          "other_fields",
          .array(
            torrent.otherFields.map {
              .object([.init("name", .string($0.name)), .init("value", .string($0.value))])
            })),
        .init("trackers", .array(torrent.trackers.map { .texts($0) })),
        .init("web_seeds", .texts(torrent.webSeeds)),
        .init("nodes", .array(torrent.nodes.map(node))), .init("files", files(torrent)),
        .init("magnet", .string(MagnetLink.text(of: torrent))),
        .init("warnings", .texts(torrent.warnings.map(\.description))),
      ])
  }

  /// The files that are wanted, for `--list --json`.
  package static func list(
    _ torrent: TorrentMetainfo, _ selection: FileSelection = .all, source: Int
  ) -> JSONValue {
    .object(
      [
        .init("schema", .count(EventJSON.schema)), .init("source", .count(source + 1)),
        .init("name", .string(torrent.name)),
        .init("info_hash", .string(torrent.infoHash.description)),
        .init("total_length", .integer(torrent.geometry.totalLength)),
        .init("files", files(torrent, selection)),
      ])
  }

  private static func node(_ node: TorrentMetainfo.Node) -> JSONValue {
    .object([.init("host", .string(node.host)), .init("port", .count(Int(node.port)))])
  }

  private static func files(
    _ torrent: TorrentMetainfo, _ selection: FileSelection = .all
  ) -> JSONValue {
    .array(
      torrent.layout.files.filter { selection.contains($0.index) }.map { file in
        .object(
          [
            .init("number", .count(file.index + 1)), .init("path", .string(file.displayPath)),
            .init("length", .integer(file.length)), .init("attributes", .texts(attributes(file))),
            .init("md5", .text(file.md5sum)),
          ])
      })
  }

  private static func attributes(_ file: TorrentFile) -> [String] {
    let names: [(TorrentFile.Attributes, String)] = [
      (.executable, "executable"), (.hidden, "hidden"), (.padding, "padding"),
      (.symlink, "symlink"),
    ]
    return names.filter { file.attributes.contains($0.0) }.map(\.1)
  }
}
