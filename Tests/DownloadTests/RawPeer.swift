import Download
import Metainfo
import Networking
import PeerWire
import Primitives
import TestSupport

/// A peer that sends the messages that a test wants.
@Reactor
final class RawPeer {
  private let swarm: SimulatedSwarm
  private let host: SimulatedHost
  private let id: PeerID
  /// The number of blocks that it has sent.
  private(set) var sentBlocks = 0

  init(_ swarm: SimulatedSwarm, at address: IPAddress, id: PeerID?) {
    self.swarm = swarm
    host = swarm.simulation.network.host(address)
    var random = swarm.simulation.makeRandom()
    self.id = id ?? PeerID.make(prefix: "-RW0100-", using: &random)
  }

  /// Connects as soon as the download listens, and greets it.
  func greet() async -> (any Transport)? {
    let target = Endpoint(address: SimulatedSwarm.leecherAddress, port: 7000)
    for _ in 0..<100 {
      // The download may not listen yet.
      if let transport = try? await host.connect(to: target, timeout: .seconds(5)) {
        let handshake = Handshake(
          infoHash: swarm.torrent.infoHash, peerID: id, features: []
        ).bytes
        return await transport.writeAll(handshake) ? transport : nil
      }
      await swarm.clock.sleep(for: .milliseconds(10))
    }
    return nil
  }

  /// Becomes interested and not interested so often; returns the number of bytes that come within a
  /// second.
  func waver(_ times: Int) async -> Int {
    guard let transport = await greet() else { return .max }
    var bytes: [UInt8] = []
    for _ in 0..<times {
      PeerMessage.interested.append(to: &bytes)
      PeerMessage.notInterested.append(to: &bytes)
    }
    guard await transport.writeAll(bytes) else { return .max }
    await swarm.clock.sleep(for: .seconds(1))
    _ = swarm.clock.schedule(after: .zero) { transport.close() }
    var received = 0
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case .bytes(let count) = transport.read(&buffer, count: buffer.count) {
      received += count
    }
    return received
  }

  /// Sends blocks that it was not asked for, one of random bytes after each pause and so many per
  /// connection, and connects anew when it is sent away; ends when the download does.
  func sendUnrequestedBlocks(every pause: Duration, perConnection count: Int) async {
    var random = swarm.simulation.makeRandom()
    while !Task.isCancelled, let transport = await greet() {
      for _ in 0..<count {
        guard await swarm.clock.sleep(for: pause) else { return transport.close() }
        let piece = PieceIndex(
          Int.random(in: 0..<swarm.torrent.geometry.pieceCount, using: &random))
        let number = Int.random(
          in: 0..<swarm.torrent.geometry.blockCount(of: piece), using: &random)
        let block = swarm.torrent.geometry.block(number, of: piece)
        var bytes: [UInt8] = []
        PeerMessage.appendPieceHeader(of: block, to: &bytes)
        bytes += (0..<block.length).map { _ in UInt8.random(in: 0...255, using: &random) }
        guard await transport.writeAll(bytes) else { break }
        sentBlocks += 1
      }
      transport.close()
    }
  }

  /// Claims to have everything, and unchokes and chokes us so often; returns the number of bytes
  /// that this brought.
  func flap(_ times: Int, every pause: Duration) async -> Int {
    guard let transport = await greet() else { return .max }
    var bytes: [UInt8] = []
    PeerMessage.bitfield(Bitfield(count: swarm.torrent.geometry.pieceCount, filled: true))
      .append(to: &bytes)
    var received = 0
    var buffer = [UInt8](repeating: 0, count: 65536)
    for _ in 0..<times {
      PeerMessage.unchoke.append(to: &bytes)
      guard await transport.writeAll(bytes) else { return .max }
      bytes = []
      guard await swarm.clock.sleep(for: pause) else { return .max }
      PeerMessage.choke.append(to: &bytes)
      while case .bytes(let count) = transport.read(&buffer, count: buffer.count) {
        received += count
      }
    }
    transport.close()
    return received
  }
}
