import Metainfo

/// `swift-torrent info SOURCE`: everything that a torrent says, on standard output.
enum InfoCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    let source = SourceArgument(invocation.arguments[0])
    let torrent = try await SourceLoader.load(source, invocation).torrent
    try TorrentTarget.save(torrent, invocation)
    try Console.result(
      invocation.streams.json
        ? TorrentJSON.info(torrent).text + "\n" : TorrentReport(torrent).text)
  }
}

/// `--list`: the files of each source, on standard output.
enum ListCommand {
  static func run(
    _ sources: [SourceArgument], _ invocation: Invocation
  ) async throws(CommandFailure) -> ExitStatus {
    var status = ExitStatus.success
    for (number, source) in sources.enumerated() {
      do throws(CommandFailure) {
        let loaded = try await SourceLoader.load(source, invocation)
        let torrent = loaded.torrent
        try TorrentTarget.save(torrent, invocation)
        let selection = try loaded.selection(invocation.selection)
        if invocation.streams.json {
          try Console.result(
            TorrentJSON.list(torrent, selection, source: number).text + "\n")
        } else {
          let head = sources.count > 1 ? "\(TerminalText.cleaned("\(source)")):\n" : ""
          try Console.result(head + TorrentReport(torrent).fileList(selection))
        }
      } catch {
        Console.message(error.text)
        if invocation.streams.json {
          try Console.result(EventJSON.failed(error, source: number).text + "\n")
        }
        if status == .success { status = error.status }
      }
    }
    return status
  }
}
