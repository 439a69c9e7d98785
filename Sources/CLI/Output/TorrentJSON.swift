package import Metainfo
import Primitives

/// A torrent's fields as JSON.
package enum TorrentJSON {
  /// Writes the output of `info --json` in parts, so that its memory does not grow with the number
  /// of files.
  package static func writeInfo<Failure: Error>(
    of torrent: TorrentMetainfo, _ output: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try write(infoHead(torrent), files: torrent, .all, infoTail(torrent), output)
  }

  /// Returns the output of `info --json` as one value.
  package static func info(_ torrent: TorrentMetainfo) -> JSONValue {
    .object(infoHead(torrent) + [files(torrent)] + infoTail(torrent))
  }

  private static func infoHead(_ torrent: TorrentMetainfo) -> [JSONValue.Member] {
    [.init("schema", .count(EventJSON.schema))] + name(torrent.info.nameBytes)
      + [
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
        .init("nodes", .array(torrent.nodes.map(node))),
      ]
  }

  private static func infoTail(_ torrent: TorrentMetainfo) -> [JSONValue.Member] {
    [
      .init("magnet", .string(MagnetLink.text(of: torrent))),
      .init("warnings", .texts(torrent.warnings.map(\.description))),
    ]
  }

  /// Writes the output of `--list --json` in parts.
  package static func writeList<Failure: Error>(
    of torrent: TorrentMetainfo, _ selection: FileSelection = .all, source: Int,
    _ output: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try write(listHead(torrent, source), files: torrent, selection, [], output)
  }

  /// Returns the output of `--list --json` as one value.
  package static func list(
    _ torrent: TorrentMetainfo, _ selection: FileSelection = .all, source: Int
  ) -> JSONValue {
    .object(listHead(torrent, source) + [files(torrent, selection)])
  }

  private static func listHead(_ torrent: TorrentMetainfo, _ source: Int) -> [JSONValue.Member] {
    [.init("schema", .count(EventJSON.schema)), .init("source", .count(source + 1))]
      + name(torrent.info.nameBytes)
      + [
        .init("info_hash", .string(torrent.infoHash.description)),
        .init("total_length", .integer(torrent.geometry.totalLength)),
      ]
  }

  private static func files(
    _ torrent: TorrentMetainfo, _ selection: FileSelection = .all
  ) -> JSONValue.Member {
    .init(
      "files",
      .array(torrent.layout.files.filter { selection.contains($0.index) }.map(file)))
  }

  /// Writes a line with one object, whose member `files` stands between `head` and `tail`.
  private static func write<Failure: Error>(
    _ head: [JSONValue.Member], files torrent: TorrentMetainfo, _ selection: FileSelection,
    _ tail: [JSONValue.Member], _ output: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var bytes = Array(JSONValue.object(head).text.utf8.dropLast())
    bytes += #","files":["#.utf8
    var isFirst = true
    for index in torrent.layout.files.indices where selection.contains(index) {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      bytes += file(torrent.layout.files[index]).text.utf8
      guard bytes.count >= 64 << 10 else { continue }
      try output(bytes)
      bytes.removeAll(keepingCapacity: true)
    }
    bytes.append(UInt8(ascii: "]"))
    for member in tail {
      bytes.append(UInt8(ascii: ","))
      bytes += JSONValue.object([member]).text.utf8.dropFirst().dropLast()
    }
    try output(bytes + "}\n".utf8)
  }

  /// Returns the members for a name: the text and, if the name is not UTF-8, also its bytes.
  static func name(_ name: FileName, _ member: String = "name") -> [JSONValue.Member] {
    text(name.bytes, member)
  }

  /// Returns the members for a path, in the same way.
  static func path(_ path: [FileName], _ member: String = "path") -> [JSONValue.Member] {
    text(path.map(\.bytes).joined(separator: "/".utf8), member)
  }

  private static func text(
    _ bytes: some Sequence<UInt8>, _ member: String
  ) -> [JSONValue.Member] {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self) { return [.init(member, .string(text))] }
    return [
      .init(member, .string(String(decoding: bytes, as: UTF8.self))),
      .init(member + "_hex", .string(Hex.encode(bytes))),
    ]
  }

  private static func file(_ file: TorrentFile) -> JSONValue {
    var bytes: [UInt8] = []
    file.appendPath(to: &bytes)
    return .object(
      [.init("number", .count(file.index + 1))] + text(bytes, "path")
        + [
          .init("length", .integer(file.length)), .init("attributes", .texts(attributes(file))),
          .init("md5", .text(file.md5sum)),
        ])
  }

  private static func node(_ node: TorrentMetainfo.Node) -> JSONValue {
    .object([.init("host", .string(node.host)), .init("port", .count(Int(node.port)))])
  }

  private static func attributes(_ file: TorrentFile) -> [String] {
    if file.attributes.isEmpty { return [] }
    let names: [(TorrentFile.Attributes, String)] = [
      (.executable, "executable"), (.hidden, "hidden"), (.padding, "padding"),
      (.symlink, "symlink"),
    ]
    return names.filter { file.attributes.contains($0.0) }.map(\.1)
  }
}
