import Networking
import PeerWire
import Primitives

/// The connections that others make to us, from the listening sockets to the torrents that they
/// name.
///
/// Strangers can connect as often as they like and then say nothing. The number of handshakes under
/// way, the connections that wait for theirs, and the time for each are therefore bounded for the
/// process as a whole.
@Reactor
final class IncomingPeers {
  private let members: SessionMembers
  private let connections: ConnectionBudget
  private let greetings: PeerGreetings
  private let clock: any LoopClock
  private var arrivals = Fifo<any Transport>()
  private var greeting = 0
  private let wakeup = Wakeup()
  private var isClosed = false

  init(
    members: SessionMembers, connections: ConnectionBudget, greetings: PeerGreetings,
    clock: any LoopClock
  ) {
    self.members = members
    self.connections = connections
    self.greetings = greetings
    self.clock = clock
  }

  // MARK: - Running

  /// Takes connections from a listener until it is closed.
  func accept(from listener: any Listener) async {
    await listener.acceptEach(while: { !isClosed }) { transport in
      guard !members.all.isEmpty, arrivals.count < Admission.waitingLimit,
        connections.admit(transport.remote.address)
      else { return false }
      arrivals.append(transport)
      wakeup.fire()
      return true
    }
  }

  /// Exchanges handshakes until closed; each connection is a child task.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !isClosed {
        while greeting < Admission.welcomeLimit, let transport = arrivals.popFirst() {
          greeting += 1
          group.addTask { await self.welcome(transport) }
        }
        guard await wakeup.wait() else { break }
      }
      isClosed = true
      while let transport = arrivals.popFirst() { turnAway(transport) }
      group.cancelAll()
    }
  }

  /// Ends `run()`.
  func close() {
    isClosed = true
    wakeup.fire()
  }

  // MARK: - One connection

  private func welcome(_ transport: any Transport) async {
    let timer = clock.schedule(after: PeerGreeting.timeout) { transport.close() }
    let greeted = await greet(transport)
    clock.cancel(timer)
    greeting -= 1
    wakeup.fire()
    guard let (peer, member) = greeted else { return turnAway(transport) }
    connections.welcomed(for: member.infoHash)
    member.welcomed(peer)
  }

  /// Exchanges the handshakes; returns nil if no torrent takes the connection.
  private func greet(
    _ transport: any Transport
  ) async -> (peer: GreetedPeer, member: any SessionMember)? {
    guard let start = await PeerGreeting.receiveStart(from: transport),
      let infoHash = InfoHash(start.suffix(InfoHash.wireLength)),
      let member = members[infoHash], isWelcome(transport, to: member)
    else { return nil }
    do throws(WireError) {
      let peer = try await greetings.greeting(for: member).answer(start, on: transport)
      // Much may have changed while the rest of the handshake was on its way.
      guard let peer, members.contains(member), isWelcome(transport, to: member) else { return nil }
      return (peer, member)
    } catch {
      // The peer's fault, or we have met ourselves; either way it costs only this connection.
      return nil
    }
  }

  private func isWelcome(_ transport: any Transport, to member: any SessionMember) -> Bool {
    !isClosed && connections.mayWelcome(for: member.infoHash) && member.admits(transport.remote)
  }

  private func turnAway(_ transport: any Transport) {
    transport.close()
    connections.turnedAway(transport.remote.address)
  }
}

/// The handshakes of a session, one form for each torrent.
@Reactor
struct PeerGreetings {
  /// Our own peer id, one for the process.
  let peerID: PeerID
  /// The clock that bounds each exchange.
  let clock: any LoopClock
  /// A Boolean value indicating whether the process has a node in the DHT.
  let hasDHT: Bool

  /// Returns the handshake for a torrent, for both directions.
  func greeting(for member: any SessionMember) -> PeerGreeting {
    PeerGreeting(
      infoHash: member.infoHash, ownID: peerID, clock: clock,
      features: hasDHT && member.usesDHT ? [.extensions, .dht] : .extensions)
  }
}
