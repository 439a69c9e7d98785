import Download

/// The part of a run that all of its sources share: the options of the session, which are made
/// once, and the state of the DHT, which is loaded at the start and saved at the end.
///
/// A source adds only the options of its own torrent.
struct RunSession: Sendable {
  /// The options that all torrents of the run share.
  let options: SessionOptions
  private let dht: DHTMemory

  /// Makes the session of a command line, and loads the state of the DHT.
  ///
  /// - Throws: The reason why the state's file cannot be used.
  init(_ invocation: Invocation) throws(CommandFailure) {
    options = invocation.session
    dht = try DHTMemory(path: invocation.dht.stateFile)
  }

  /// Runs the work on one torrent with the options for it.
  func with<Result>(
    _ torrent: TorrentOptions, _ body: (DownloadOptions) async -> Result
  ) async -> Result {
    var session = options
    session.dht = torrent.sources.usesDHT ? session.dht.map(dht.lent) : nil
    let result = await body(DownloadOptions(session: session, torrent: torrent))
    if let used = session.dht { dht.takeBack(used) }
    return result
  }

  /// Saves the state of the DHT, once all work is done.
  ///
  /// - Returns: The reason why the file could not be written, as text; nil if it was, or if there
  ///   is nothing to write.
  func close() -> String? { dht.save() }
}
