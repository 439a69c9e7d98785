import Metainfo
import Networking
import Primitives
import Swarm

/// The files that a torrent fetches before all others, whether its exchange has begun or not.
@Reactor
final class FilePreference {
  /// The files; nil before any were named.
  private var files: [Int]?
  /// The run of the torrent, while it lasts.
  weak var run: TorrentRun? {
    didSet { run?.preference = self }
  }

  nonisolated init() {}

  /// Sets the files.
  func prefer(_ files: [Int]) {
    self.files = files
    apply()
  }

  /// Tells the exchange, if it has begun.
  func apply() {
    guard let files, let run, let torrent = run.torrent, run.swarm.content != nil else { return }
    var pieces = Bitfield(count: torrent.geometry.pieceCount)
    for file in files where torrent.layout.files.indices.contains(file) {
      for piece in torrent.layout.pieces(ofFile: file) { pieces.insert(PieceIndex(piece)) }
    }
    run.swarm.exchange.prefer(pieces)
  }
}
