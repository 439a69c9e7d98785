import Networking
import PeerWire
import Primitives

/// The bound on the metadata that we give away, to all peers of a torrent together.
@Reactor
struct MetadataTurns {
  private var allowance: MessageAllowance
  private let limiter: RateLimiter?

  /// Creates a bound of 4 MiB a second, or of half of the upload limit if that is less.
  init(limiter: RateLimiter?) {
    self.limiter = limiter
    let pieces = limiter.map {
      Double($0.bytesPerSecond) / 2 / Double(MetadataMessage.pieceLength)
    }
    let perSecond = min(256, pieces ?? 256)
    allowance = MessageAllowance(burst: perSecond < 256 ? 1 : 512, perSecond: perSecond)
  }

  /// Takes the right to send one piece; returns false if there have been as many as there may be.
  mutating func take(now: Instant) -> Bool {
    guard allowance.takeOne(now: now) else { return false }
    limiter?.charge(MetadataMessage.pieceLength, now: now)
    return true
  }
}
