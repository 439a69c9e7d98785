import Download
import Metainfo

/// The session of a run, which all of its sources share: its options are made once, and the state
/// of the DHT is loaded at the start and saved at the end.
///
/// A source adds only the options of its own torrent.
struct RunSession: Sendable {
  /// The options that all torrents of the run share.
  let options: SessionOptions
  private let dht: DHTMemory

  /// Prepares the session of a command line, and loads the state of the DHT.
  ///
  /// - Throws: The reason why the state's file cannot be used.
  init(_ invocation: Invocation) throws(CommandFailure) {
    dht = try DHTMemory(path: invocation.dht.stateFile)
    var options = invocation.session
    options.dht = options.dht.map(dht.lent)
    self.options = options
  }

  /// Runs the session around `body`.
  ///
  /// - Throws: `DownloadError.listenFailed`.
  func run<Result>(_ body: (Session) async -> Result) async throws(DownloadError) -> Result {
    try await withSession(options, body)
  }

  /// Saves the state of the DHT, once the session has ended.
  ///
  /// - Returns: The reason why the file could not be written, as text; nil if it was, or if there
  ///   is nothing to write.
  func close() -> String? { dht.save() }
}
