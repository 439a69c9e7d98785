import Networking
import Primitives
import Swarm

/// Whoever pulls pieces from a lane: a peer's session, or one connection to a web seed.
@Reactor
protocol LaneWorker: AnyObject {
  /// Who it is, to the board.
  var number: PeerNumber { get }
  /// How many blocks it asks for at a time.
  var depth: Int { get }
  /// Tells the board how fast it is now.
  func reportRate(now: Instant)
  /// Fired when the lane should ask again.
  var laneWakeup: Wakeup { get }
  /// Whether the lane waits in `PieceWork.idle`.
  var isIdle: Bool { get set }
}
