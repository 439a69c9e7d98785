import Networking
import Primitives

/// One direction of a host's link, which transmits packets one after another at a given rate.
@Reactor
final class SimulatedLink {
  /// The rate in bytes per second; nil for no limit.
  var rate: Int?

  private let clock: SimulatedClock
  private var turns: [SimulatedTransport] = []
  private var isBusy = false
  private var freeAt = Instant.zero

  init(clock: SimulatedClock, rate: Int?) {
    self.clock = clock
    self.rate = rate
  }

  /// Queues a connection for its turn to send.
  ///
  /// Connections take turns of one packet each, so that a busy one does not shut out the others.
  func request(_ sender: SimulatedTransport) {
    guard !sender.waitsForUplink else { return }
    sender.waitsForUplink = true
    turns.append(sender)
    if !isBusy { work() }
  }

  /// The time that the queued packets still take.
  var backlog: Duration { max(freeAt - clock.now, .zero) }

  /// Calls `passed` once the link has transmitted `count` bytes after everything queued before.
  func pass(_ count: Int, _ passed: @escaping @Reactor () -> Void) {
    freeAt = max(freeAt, clock.now) + time(for: count)
    guard freeAt > clock.now else { return passed() }
    _ = clock.schedule(at: freeAt, passed)
  }

  private func work() {
    while !turns.isEmpty {
      let sender = turns.removeFirst()
      sender.waitsForUplink = false
      guard let packet = sender.nextPacket() else { continue }
      sender.waitsForUplink = true
      turns.append(sender)
      let time = time(for: packet.count)
      guard time > .zero else {
        sender.send(packet)
        continue
      }
      isBusy = true
      _ = clock.schedule(after: time) { [self] in
        sender.send(packet)
        isBusy = false
        work()
      }
      return
    }
  }

  private func time(for count: Int) -> Duration {
    guard let rate, rate > 0 else { return .zero }
    return .nanoseconds(Int64(count) * 1_000_000_000 / Int64(rate))
  }
}
