import Download
import Glibc
import Metainfo
import Primitives

/// `swift-torrent create PATH`: creates a torrent of a file or folder.
enum CreateCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    let path = invocation.arguments[0]
    let absolute = AbsolutePath.of(path)
    let name = try name(of: absolute, invocation.creation)
    let fileName = TorrentTarget.stem(for: name)
    let target = try TorrentTarget(
      invocation.creation.outputPath ?? fileName + ".torrent", name: fileName,
      overwrites: invocation.creation.overwrites, tree: absolute)
    let tree = try FileTree(scanning: path, excluding: invocation.selection.exclusions)
    let geometry = try geometry(of: tree, path, invocation.creation)
    for path in tree.skipped where invocation.streams.verbosity != .quiet {
      Console.message("skipped \(path): it is a symbolic link, or neither a file nor a folder\n")
    }
    let streams = invocation.streams
    let shown = NameText.shown(name)
    let outcome = await Termination.guarding {
      await hash(PieceHasher(tree: tree, geometry: geometry), name: shown, streams)
    }
    let hashes: [PieceHash]
    switch outcome {
    case .success(let made)?: hashes = made
    case .failure(let failure)?: throw failure
    case nil: return
    }
    try TreeReader.checkUnchanged(tree)
    let bytes = NewTorrent.bytes(
      of: tree, hashes: hashes, pieceLength: geometry.pieceLength, name: name, invocation)
    let torrent = try readBack(bytes)
    try target.write(bytes)
    try report(torrent, target, streams)
  }

  private static func name(
    of path: String, _ creation: CreationOptions
  ) throws(CommandFailure) -> [UInt8] {
    if let name = creation.name { return Array(name.utf8) }
    guard let last = path.split(separator: "/").last, last != ".." else {
      throw CommandFailure(
        .badUsage, "\(path) has no name that a torrent could take", hint: "choose one with --name")
    }
    return Array(last.utf8)
  }

  private static func geometry(
    of tree: FileTree, _ path: String, _ creation: CreationOptions
  ) throws(CommandFailure) -> PieceGeometry {
    let total = tree.totalLength
    let length = creation.pieceLength ?? PieceLengthChoice.length(for: total)
    guard total > 0 else {
      throw CommandFailure(.failure, "\(path) has no data, and a torrent needs at least one byte")
    }
    guard let geometry = PieceGeometry(totalLength: total, pieceLength: length),
      geometry.pieceCount <= MetainfoLimits().pieces
    else {
      throw CommandFailure(
        .badUsage,
        "\(ByteText.size(total)) would be too many pieces of \(ByteText.size(Int64(length)))",
        hint: "choose a larger --piece-length")
    }
    return geometry
  }

  private static func hash(
    _ hasher: PieceHasher, name: String, _ streams: StreamOptions
  ) async -> Result<[PieceHash], CommandFailure> {
    var display = ProgressDisplay(streams)
    display.begin(0, name: name, isSeeding: false, work: .hashing)
    defer { display.close() }
    return await hasher.run { done in
      display.show(.checking(done: done, total: hasher.geometry.totalLength), of: 0)
    }
  }

  /// Parses the new torrent as any other client would.
  private static func readBack(_ bytes: [UInt8]) throws(CommandFailure) -> TorrentMetainfo {
    do throws(MetainfoError) {
      return try TorrentMetainfo(bytes: bytes)
    } catch {
      throw CommandFailure(.badTorrent, "the torrent could not be used: \(error)")
    }
  }

  private static func report(
    _ torrent: TorrentMetainfo, _ target: TorrentTarget, _ streams: StreamOptions
  ) throws(CommandFailure) {
    let geometry = torrent.geometry
    if streams.verbosity != .quiet {
      for warning in torrent.warnings {
        Console.message("warning: \(TerminalText.cleaned(warning.description))\n")
      }
      Console.message(
        "\(NameText.shown(torrent.info.nameBytes.bytes)): \(ByteText.size(geometry.totalLength)) in "
          + "\(geometry.pieceCount) \(geometry.pieceCount == 1 ? "piece" : "pieces") of "
          + "\(ByteText.size(Int64(geometry.pieceLength)))\n")
    }
    guard let path = target.path else { return }
    if streams.json {
      let value = CreationJSON.created(torrent, at: path)
      try Console.result(value.text + "\n")
    } else if streams.verbosity != .quiet {
      try Console.result(
        "\(torrent.infoHash)  \(TerminalText.cleaned(path))\n\(MagnetLink.text(of: torrent))\n")
    }
  }
}
