public import Metainfo
public import Primitives

/// The source of a torrent.
public enum TorrentSource: Sendable {
  /// A parsed .torrent.
  case torrent(TorrentMetainfo)
  /// A magnet link, whose torrent comes from peers (BEP 9).
  case magnet(MagnetLink)

  /// The torrent's info-hash.
  public var infoHash: InfoHash {
    switch self {
    case .torrent(let torrent): torrent.infoHash
    case .magnet(let link): link.infoHash
    }
  }

  var trackers: [[String]] {
    switch self {
    case .torrent(let torrent): torrent.trackers
    case .magnet(let link): link.trackers.map { [$0] }
    }
  }

  var isMagnet: Bool { if case .magnet = self { true } else { false } }
}
