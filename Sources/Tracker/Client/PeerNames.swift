internal import Networking
internal import Primitives

/// A resolver for peers that trackers give by host name (BEP 3).
///
/// A tracker repeats whatever its clients claim, so the cost is bounded: one look-up at a time for
/// all trackers of a torrent, a short queue, and a few addresses a name. A name server that does
/// not answer occupies a thread that the look-ups of trackers need as well. After a look-up that
/// takes too long, the names of peers are therefore ignored for a while.
@Reactor
final class PeerNames {
  /// The time limit for one look-up.
  static let patience = Duration.seconds(5)
  /// The pause after a look-up that exceeded the limit.
  static let pause = Duration.seconds(60)
  /// The maximum number of addresses taken from one name.
  static let addressesPerName = 4
  /// The maximum length of the queue; further names are dropped until the next reply.
  static let queueLimit = 32

  private struct Entry {
    let peer: AnnounceReply.NamedPeer
    let tracker: String
  }

  private let network: any Network
  private let clock: any LoopClock
  private var queue: [Entry] = []
  private var pausedUntil = Instant.zero
  private let wakeup = Wakeup()

  /// Creates a resolver with an empty queue.
  init(network: any Network, clock: any LoopClock) {
    self.network = network
    self.clock = clock
  }

  /// Appends names to the queue, as far as there is room.
  func add(_ peers: [AnnounceReply.NamedPeer], from tracker: String) {
    guard clock.now >= pausedUntil else { return }
    for peer in peers
    where queue.count < Self.queueLimit && !queue.contains(where: { $0.peer == peer }) {
      queue.append(Entry(peer: peer, tracker: tracker))
    }
    wakeup.fire()
  }

  /// Resolves queued names up to the first that has addresses.
  ///
  /// Returns the addresses and the tracker that gave the name, or nil once the task is cancelled.
  func next() async -> (peers: [Endpoint], tracker: String)? {
    while !Task.isCancelled {
      guard let entry = queue.first else {
        guard await wakeup.wait() else { return nil }
        continue
      }
      let endpoints = await addresses(of: entry.peer)
      guard !Task.isCancelled else { return nil }
      guard let endpoints else {
        pausedUntil = clock.now + Self.pause
        queue = []
        continue
      }
      queue.removeFirst()
      if !endpoints.isEmpty { return (endpoints, entry.tracker) }
    }
    return nil
  }

  /// Returns the addresses of a name that a peer can have; nil if the look-up takes too long.
  private func addresses(of peer: AnnounceReply.NamedPeer) async -> [Endpoint]? {
    let (network, clock) = (network, clock)
    return await withTaskGroup(of: [Endpoint]?.self) { group in
      group.addTask {
        do throws(NetworkError) {
          return try await network.resolve(host: peer.host, port: peer.port)
        } catch {
          // A name without an address is no peer; this is not worth a report.
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
