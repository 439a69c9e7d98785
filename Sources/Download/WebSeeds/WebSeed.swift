import HTTP
import Metainfo
import Networking
import Primitives
import Swarm

/// One web seed of a run: its files, its state and its connections.
@Reactor
final class WebSeed {
  let url: String
  /// The URL for display, without credentials and query.
  let display: String
  let map: WebSeedMap
  /// The length of the longest file.
  private let longestFile: Int64
  /// The memory limit for a whole file over https, where backpressure is impossible.
  private let memoryLimit: Int
  /// The pieces that it can be asked for.
  private(set) var available: Bitfield
  /// A Boolean value indicating whether it lacks range support and sends whole files over one
  /// connection.
  private(set) var sendsWholeFiles = false
  /// A Boolean value indicating whether it has delivered a block.
  private(set) var hasDelivered = false
  private(set) var notBefore = Instant.zero
  private(set) var isGivenUp = false
  /// The connections to it.
  var connections: [WebSeedConnection] = []
  /// All numbers under which the board has known it.
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

  /// Records a delivery.
  func delivered() {
    hasDelivered = true
    retry.delivered()
  }

  /// Records a failure of one connection on a file; returns the resulting state for display.
  func failed(_ error: HTTPError, file: Int?, now: Instant) -> WebSeedReport.State {
    switch retry.failed(error) {
    case .pause(let duration):
      notBefore = max(notBefore, now + duration)
      return .failed("\(error)", retryAfter: duration)
    case .wholeFiles:
      if url.lowercased().hasPrefix("https:"), longestFile > memoryLimit {
        return giveUp("\(error), and over https its largest file exceeds the memory (--memory)")
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

  /// Stops using the web seed.
  func giveUp(_ reason: String) -> WebSeedReport.State {
    isGivenUp = true
    return .givenUp(reason)
  }
}

/// A report on a web seed.
public struct WebSeedReport: Sendable, Equatable {
  /// The state of a web seed.
  public enum State: Sendable, Equatable {
    /// It delivers data.
    case working
    /// It failed for this reason and is retried after this time.
    case failed(String, retryAfter: Duration)
    /// It is used with restrictions, for this reason.
    case limited(String)
    /// It is not used again in this run, for this reason.
    case givenUp(String)
  }

  /// The URL without credentials and query.
  public var url: String
  /// The state.
  public var state: State

  /// Creates a report.
  public init(url: String, state: State) {
    self.url = url
    self.state = state
  }
}
