import Networking
import PeerWire
import Primitives
import Swarm

// The server: from the peer's requests to blocks on the wire.

extension PeerSession {
  func serveRequests() async {
    while end == nil {
      if pendingBytes > 0 {
        flush()
        if pendingBytes > 0 { await transport.waitUntilWritable() }
        if Task.isCancelled { stop(.finished) }
      } else if let blocks = takeRequests() {
        await serve(blocks)
      } else {
        guard await serverWakeup.wait() else { return stop(.finished) }
      }
    }
  }

  /// Takes waiting requests, up to one batch, for pieces that we have.
  private func takeRequests() -> [Block]? {
    var blocks: [Block] = []
    var length = 0
    let batch = swarm.serveBatch
    while length < batch, let block = machine.nextRequest() {
      guard work.board.verified.contains(block.piece) else { continue }
      blocks.append(block)
      length += block.length
    }
    return blocks.isEmpty ? nil : blocks
  }

  private func serve(_ blocks: [Block]) async {
    guard let bytes = await swarm.readBlocks(blocks, for: self) else {
      return stop(.lost("our own data could not be read"))
    }
    // The peer may have been choked meanwhile; it does not expect the blocks then.
    guard end == nil, !machine.amChoking else { return }
    machine.outgoing += bytes
    traffic.uploaded.add(bytes: blocks.reduce(0) { $0 + $1.length }, now: clock.now)
    flush()
  }
}
