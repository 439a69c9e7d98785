/// The options for a run that downloads or seeds one torrent: those of the process and its own.
public struct DownloadOptions: Sendable {
  /// The options that all torrents of a process share.
  public var session = SessionOptions()
  /// The options of this torrent.
  public var torrent = TorrentOptions()

  /// Creates the default options.
  public init() {}

  /// Creates options from those of the process and of the torrent.
  public init(session: SessionOptions, torrent: TorrentOptions) {
    self.session = session
    self.torrent = torrent
  }

  /// The options for the distributed hash table; nil if this torrent stays out of it.
  var dht: DHTOptions? { torrent.sources.usesDHT ? session.dht : nil }
}
