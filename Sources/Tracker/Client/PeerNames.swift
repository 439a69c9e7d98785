internal import Networking
internal import Primitives

/// Looks up the peers that trackers give by the names of their hosts (BEP 3).
///
/// Anybody can make a tracker name anything, so this may not cost much: one name at a time for all
/// trackers, the others wait in a bounded queue, and each gives a few addresses. A name server that
/// does not answer holds up a thread that trackers' own names need as well; so after a look-up that has
/// taken too long, names of peers are left alone for a while.
@Reactor
final class PeerNames {
  /// How long one look-up may take.
  static let patience = Duration.seconds(5)
  /// How long no name is looked up after one that took longer.
  static let pause = Duration.seconds(60)
  /// How many addresses a name may give.
  static let addressesPerName = 4
  /// How many names wait; further ones are forgotten, and come again with the next reply.
  static let queueLimit = 32

  private struct Entry {
    let peer: AnnounceReply.NamedPeer
    let tracker: String
  }

  private let network: any Network
  private let clock: any LoopClock
  private let found: @Reactor ([Endpoint], _ tracker: String) -> Void
  private var queue: [Entry] = []
  private var pausedUntil = Instant.zero
  private let wakeup = Wakeup()

  /// Creates it; `found` is told the addresses, and which tracker they come from.
  init(
    network: any Network, clock: any LoopClock,
    found: @escaping @Reactor ([Endpoint], _ tracker: String) -> Void
  ) {
    self.network = network
    self.clock = clock
    self.found = found
  }

  /// Takes names to be looked up soon.
  func add(_ peers: [AnnounceReply.NamedPeer], from tracker: String) {
    guard clock.now >= pausedUntil else { return }
    for peer in peers
    where queue.count < Self.queueLimit && !queue.contains(where: { $0.peer == peer }) {
      queue.append(Entry(peer: peer, tracker: tracker))
    }
    wakeup.fire()
  }

  /// Looks names up until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      guard let entry = queue.first else {
        guard await wakeup.wait() else { return }
        continue
      }
      let endpoints = await addresses(of: entry.peer)
      guard !Task.isCancelled else { return }
      guard let endpoints else {
        pausedUntil = clock.now + Self.pause
        queue = []
        continue
      }
      queue.removeFirst()
      if !endpoints.isEmpty { found(endpoints, entry.tracker) }
    }
  }

  /// The addresses of a name, as far as peers can have them; nil when it takes too long.
  private func addresses(of peer: AnnounceReply.NamedPeer) async -> [Endpoint]? {
    let (network, clock) = (network, clock)
    return await withTaskGroup(of: [Endpoint]?.self) { group in
      group.addTask {
        do throws(NetworkError) {
          return try await network.resolve(host: peer.host, port: peer.port)
        } catch {
          // One that has no address is no peer; there is nobody to tell.
          return []
        }
      }
      group.addTask {
        await clock.sleep(for: Self.patience)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first.map { endpoints in
        Array(AnnounceReply.distinctPeers(endpoints).prefix(Self.addressesPerName))
      }
    }
  }
}
