import Metainfo

/// `swift-torrent info SOURCE…`: prints the contents of torrents.
enum InfoCommand {
  /// Writes a part of a result to standard output.
  static func output(_ part: [UInt8]) throws(CommandFailure) { try Console.result(part) }

  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    let entries = try EachSource.entries(of: invocation)
    var isFirst = true
    return try await EachSource.run(entries, invocation) {
      _, entry, session throws(CommandFailure) in
      let torrent = try await SourceLoader.load(entry.source, invocation, session).torrent
      try TorrentTarget.save(torrent, invocation)
      if invocation.streams.json {
        try TorrentJSON.writeInfo(of: torrent, output)
      } else {
        if !isFirst { try Console.result("\n") }
        try TorrentReport(torrent).write(output)
        isFirst = false
      }
      return .success
    }
  }
}

/// `--list`: prints the files of each source.
enum ListCommand {
  static func run(
    _ entries: [InputList.Entry], _ invocation: Invocation
  ) async throws(CommandFailure) -> ExitStatus {
    try await EachSource.run(entries, invocation) {
      number, entry, session throws(CommandFailure) in
      let loaded = try await SourceLoader.load(entry.source, invocation, session)
      let torrent = loaded.torrent
      try TorrentTarget.save(torrent, invocation)
      let selection = try loaded.selection(invocation.selection)
      if invocation.streams.json {
        try TorrentJSON.writeList(of: torrent, selection, source: number, InfoCommand.output)
      } else {
        let head = entries.count > 1 ? "\(TerminalText.cleaned("\(entry.source)")):\n" : ""
        try Console.result(head)
        try TorrentReport(torrent).writeFileList(selection, InfoCommand.output)
      }
      return .success
    }
  }
}
