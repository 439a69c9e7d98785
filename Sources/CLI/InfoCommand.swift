/// `swift-torrent info FILE`: everything that a torrent says, on standard output.
enum InfoCommand {
  static func run(_ invocation: Invocation) throws(CommandFailure) {
    let source = try SourceFile.read(invocation.arguments[0])
    try Console.result(TorrentReport(source.torrent).text)
  }
}
