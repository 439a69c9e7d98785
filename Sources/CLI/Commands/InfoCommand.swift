import Metainfo

/// `swift-torrent info SOURCE`: everything that a torrent says, on standard output.
enum InfoCommand {
  static func run(_ invocation: Invocation) async throws(CommandFailure) {
    let torrent = try await SourceLoader.load(SourceArgument(invocation.arguments[0]))
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
        if case .url(let url) = source { try invocation.checkBinding(of: url) }
        let torrent = try await SourceLoader.load(source)
        let selection = try invocation.selection.selection(of: torrent)
        if invocation.streams.json {
          try Console.result(
            TorrentJSON.list(torrent, selection, source: number).text + "\n")
        } else {
          let head = sources.count > 1 ? "\(TerminalText.cleaned("\(source)")):\n" : ""
          try Console.result(head + TorrentReport(torrent).fileList(selection))
        }
      } catch {
        Console.message(error.text)
        if status == .success { status = error.status }
      }
    }
    return status
  }
}
