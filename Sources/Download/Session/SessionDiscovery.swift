import Networking
import Primitives
import Swarm

/// A source of peers on the local network for all torrents of a session, over IPv4 and IPv6
/// multicast (BEP 14).
///
/// `LocalDiscoveryMachine` decides what to announce and accept; this class performs the I/O. It
/// opens its sockets for the first torrent that may use it, and names no other one (BEP 27).
@Reactor
final class SessionDiscovery {
  /// The groups of BEP 14: organisation-local for IPv4, site-local for IPv6.
  static let groups = [
    Endpoint(address: .v4(0xEFC0_988F), port: 6771),
    Endpoint(address: .v6(high: 0xFF15 << 48, low: 0xEFC0_988F), port: 6771),
  ]

  private struct Place {
    let group: Endpoint
    let socket: any DatagramSocket
  }

  private let members: SessionMembers
  private let network: any Network
  private let clock: any LoopClock
  private var machine: LocalDiscoveryMachine
  private let wakeup = Wakeup()
  private var isStopped = false

  /// Creates the service without starting it.
  ///
  /// - Parameters:
  ///   - port: The port on which we listen for peers.
  ///   - members: The torrents.
  ///   - environment: The network and the clock.
  ///   - random: The source of the cookie by which we recognize our own announcements.
  init(
    port: UInt16, members: SessionMembers, environment: Environment, random: SeededRandom
  ) {
    self.members = members
    network = environment.network
    clock = environment.clock
    var random = random
    machine = LocalDiscoveryMachine(port: port, random: &random)
  }

  // MARK: - Running

  /// Announces and listens until stopped or cancelled.
  ///
  /// It does nothing on a host without multicast.
  func run() async {
    while !isStopped, machine.isEmpty {
      guard await wakeup.wait() else { return }
    }
    let places = isStopped ? [] : join()
    guard !places.isEmpty else { return }
    await withDiscardingTaskGroup { group in
      for place in places {
        group.addTask { await self.listen(to: place.socket) }
      }
      while !isStopped {
        announce(to: places)
        guard await clock.wait(for: wakeup, until: machine.deadline) != .cancelled else { break }
      }
      group.cancelAll()
    }
    for place in places { place.socket.close() }
  }

  /// Ends `run()`.
  func stop() {
    isStopped = true
    wakeup.fire()
  }

  private func join() -> [Place] {
    Self.groups.compactMap { group in
      do throws(NetworkError) {
        return Place(group: group, socket: try network.joinGroup(group))
      } catch {
        // A host may lack one of the families, or any network at all.
        return nil
      }
    }
  }

  private func announce(to places: [Place]) {
    // A torrent of which only the info-hash was known may be private.
    for member in members.all where !member.usesLocalDiscovery { machine.remove(member.infoHash) }
    let texts = machine.announcements(to: places.map(\.group.description), now: clock.now)
    for (place, text) in zip(places, texts) { place.socket.send(text, to: place.group) }
  }

  private func listen(to socket: any DatagramSocket) async {
    let batch = DatagramBatch()
    while await socket.receiveNext(into: batch) {
      for datagram in batch.datagrams {
        let heard = machine.receive(datagram.bytes, from: datagram.source, now: clock.now)
        guard let heard else { continue }
        for infoHash in heard.infoHashes {
          guard let member = members[infoHash], member.usesLocalDiscovery else { continue }
          member.found([heard.peer], by: .lsd)
        }
      }
    }
  }

  // MARK: - Torrents

  /// Begins or ends the announcements of a torrent, by its `usesLocalDiscovery`.
  func rulesChanged(for member: any SessionMember) {
    if member.usesLocalDiscovery {
      machine.add(member.infoHash)
    } else {
      machine.remove(member.infoHash)
    }
    wakeup.fire()
  }

  /// Ends the announcements of a torrent that has left the session.
  func left(_ member: any SessionMember) {
    machine.remove(member.infoHash)
  }
}
