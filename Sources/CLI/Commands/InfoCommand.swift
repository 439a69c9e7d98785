import Metainfo

/// `swift-torrent info SOURCE…`: everything that torrents say, on standard output.
enum InfoCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) -> ExitStatus {
    let entries = try EachSource.entries(of: invocation)
    var isFirst = true
    return try await EachSource.run(entries, invocation.streams) {
      _, entry throws(CommandFailure) in
      let torrent = try await SourceLoader.load(entry.source, invocation).torrent
      try TorrentTarget.save(torrent, invocation)
      if invocation.streams.json {
        try Console.result(TorrentJSON.info(torrent).text + "\n")
      } else {
        try Console.result((isFirst ? "" : "\n") + TorrentReport(torrent).text)
        isFirst = false
      }
      return .success
    }
  }
}

/// `--list`: the files of each source, on standard output.
enum ListCommand {
  static func run(
    _ entries: [InputList.Entry], _ invocation: Invocation
  ) async throws(CommandFailure) -> ExitStatus {
    try await EachSource.run(entries, invocation.streams) { number, entry throws(CommandFailure) in
      let loaded = try await SourceLoader.load(entry.source, invocation)
      let torrent = loaded.torrent
      try TorrentTarget.save(torrent, invocation)
      let selection = try loaded.selection(invocation.selection)
      if invocation.streams.json {
        try Console.result(TorrentJSON.list(torrent, selection, source: number).text + "\n")
      } else {
        let head = entries.count > 1 ? "\(TerminalText.cleaned("\(entry.source)")):\n" : ""
        try Console.result(head + TorrentReport(torrent).fileList(selection))
      }
      return .success
    }
  }
}
