import Networking
import Primitives
import Swarm

/// A source of peers on the local network, over IPv4 and IPv6 multicast (BEP 14).
///
/// `LocalDiscoveryMachine` decides what to announce and accept; this class performs the I/O. It is
/// never used for a private torrent (BEP 27).
@Reactor
final class LocalDiscovery {
  /// The groups of BEP 14: organisation-local for IPv4, site-local for IPv6.
  static let groups = [
    Endpoint(address: .v4(0xEFC0_988F), port: 6771),
    Endpoint(address: .v6(high: 0xFF15 << 48, low: 0xEFC0_988F), port: 6771),
  ]

  private let network: any Network
  private let clock: any LoopClock
  private var machine: LocalDiscoveryMachine
  private let found: (Endpoint) -> Void
  private let stopping = Wakeup()

  /// Creates the service for a torrent without starting it.
  ///
  /// - Parameters:
  ///   - infoHash: The torrent.
  ///   - port: The port on which we listen for peers.
  ///   - environment: The network and the clock.
  ///   - random: The source of the cookie by which we recognize our own announcements.
  ///   - found: A closure called with each peer that announces itself.
  init(
    infoHash: InfoHash, port: UInt16, environment: Environment, random: SeededRandom,
    found: @escaping (Endpoint) -> Void
  ) {
    network = environment.network
    clock = environment.clock
    var random = random
    machine = LocalDiscoveryMachine(infoHashes: [infoHash], port: port, random: &random)
    self.found = found
  }

  /// Announces and listens until stopped or cancelled.
  ///
  /// It does nothing on a host without multicast.
  func run() async {
    let members = Self.groups.compactMap { group -> Member? in
      do throws(NetworkError) {
        return Member(group: group, socket: try network.joinGroup(group))
      } catch {
        // A host may lack one of the families, or any network at all.
        return nil
      }
    }
    guard !members.isEmpty else { return }
    await withDiscardingTaskGroup { group in
      for member in members {
        group.addTask { await self.listen(to: member.socket) }
      }
      repeat {
        announce(to: members)
      } while await clock.wait(for: stopping, until: machine.deadline) == .timedOut
      group.cancelAll()
    }
    for member in members { member.socket.close() }
  }

  /// Ends `run()`.
  func stop() {
    stopping.fire()
  }

  private struct Member {
    let group: Endpoint
    let socket: any DatagramSocket
  }

  private func announce(to members: [Member]) {
    let texts = machine.announcements(to: members.map(\.group.description), now: clock.now)
    for (member, text) in zip(members, texts) { member.socket.send(text, to: member.group) }
  }

  private func listen(to socket: any DatagramSocket) async {
    let batch = DatagramBatch()
    while await socket.receiveNext(into: batch) {
      for datagram in batch.datagrams {
        let heard = machine.receive(datagram.bytes, from: datagram.source, now: clock.now)
        if let heard { found(heard.peer) }
      }
    }
  }
}
