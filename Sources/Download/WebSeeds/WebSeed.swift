import HTTP
import Metainfo
import Networking
import Primitives
import Swarm

/// One web seed of a run: what it has, how it fares, and who is connected to it.
@Reactor
final class WebSeed {
  let url: String
  /// The URL for people, without credentials and query.
  let display: String
  let map: WebSeedMap
  /// The length of the largest file.
  private let longestFile: Int64
  /// What comes over https can't be held up, so a whole file must fit into that many bytes.
  private let memoryLimit: Int
  /// The pieces that it may be asked for.
  private(set) var available: Bitfield
  /// Whether it has no ranges, so that it is asked for whole files over one connection.
  private(set) var sendsWholeFiles = false
  /// Whether it has brought a block that was right as far as we know.
  private(set) var hasDelivered = false
  private(set) var notBefore = Instant.zero
  private(set) var isGivenUp = false
  var sessions: [WebSeedSession] = []
  /// Every number under which the board has known it.
  var numbers: Set<PeerNumber> = []
  private var retry = WebSeedRetry()

  init(url: String, display: String, torrent: TorrentMetainfo, memoryLimit: Int) {
    self.url = url
    self.memoryLimit = memoryLimit
    longestFile = torrent.layout.files.map(\.length).max() ?? 0
    self.display = display
    map = WebSeedMap(url: url, torrent: torrent)
    available = Bitfield(count: torrent.geometry.pieceCount, filled: true)
  }

  /// Something has come.
  func delivered() {
    hasDelivered = true
    retry.delivered()
  }

  /// A connection to it has failed on a file; returns what happens now, for people.
  func failed(_ error: HTTPError, file: Int?, now: Instant) -> WebSeedReport.State {
    switch retry.failed(error) {
    case .pause(let duration):
      notBefore = max(notBefore, now + duration)
      return .failed("\(error)", retryAfter: duration)
    case .wholeFiles:
      if url.lowercased().hasPrefix("https:"), longestFile > memoryLimit {
        return giveUp("\(error), and over https they do not fit into the memory (--memory)")
      }
      sendsWholeFiles = true
    case .lacksFile:
      for piece in file.map({ map.pieces(ofFile: $0) }) ?? 0..<0 {
        available.remove(PieceIndex(piece))
      }
      if available.isEmpty || file == nil { return giveUp("\(error)") }
    case .giveUp: return giveUp("\(error)")
    }
    return .limited("\(error)")
  }

  /// Nothing is asked of it any more.
  func giveUp(_ reason: String) -> WebSeedReport.State {
    isGivenUp = true
    return .givenUp(reason)
  }
}

/// What became of a web seed, for people.
public struct WebSeedReport: Sendable, Equatable {
  /// Where a web seed stands.
  public enum State: Sendable, Equatable {
    /// It brings data.
    case working
    /// It failed, for this reason, and is asked again after that time.
    case failed(String, retryAfter: Duration)
    /// It can do less than it should, for this reason, and is used for what it can do.
    case limited(String)
    /// It is not asked any more in this run, for this reason.
    case givenUp(String)
  }

  /// Its URL without credentials and query.
  public var url: String
  /// Where it stands.
  public var state: State

  /// Creates a report.
  public init(url: String, state: State) {
    self.url = url
    self.state = state
  }
}
