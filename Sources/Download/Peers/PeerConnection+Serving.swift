import Networking
import PeerWire
import Primitives
import Swarm

// The server: from the peer's requests to blocks on the wire.

extension PeerConnection {
  func serveRequests() async {
    while end == nil {
      if pendingBytes > 0 {
        flush()
        if pendingBytes > 0 { await transport.waitUntilWritable() }
        if Task.isCancelled { stop(.finished) }
        continue
      }
      let blocks = swarm.exchange.takeUploads(for: number, upTo: swarm.serveBatch)
      if !blocks.isEmpty {
        await serve(blocks)
      } else if !(await wakeups.server.wait()) {
        stop(.finished)
      }
    }
  }

  private func serve(_ blocks: [Block]) async {
    guard let bytes = await swarm.readBlocks(blocks, over: transport) else {
      return stop(.lost("our own data could not be read"))
    }
    guard end == nil else { return }
    // If the peer was choked meanwhile, it does not expect the blocks.
    let sent = swarm.exchange.uploaded(blocks, to: number, now: clock.now)
    guard !sent.isEmpty else { return }
    machine.outgoing += bytes
    flush()
  }
}
