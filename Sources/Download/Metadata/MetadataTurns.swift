import Networking
import PeerWire
import Primitives

/// The bound on the metadata that all peers of a torrent together get from us.
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

  /// Takes the right to send one piece; returns false if the bound is reached.
  mutating func take(now: Instant) -> Bool {
    guard allowance.takeOne(now: now) else { return false }
    limiter?.charge(MetadataMessage.pieceLength, now: now)
    return true
  }
}
