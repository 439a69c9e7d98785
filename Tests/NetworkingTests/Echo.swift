import Networking
import Primitives
import TestSupport

/// Accepts `count` connections and echoes 5000 bytes on each.
@Reactor
func serveEcho(_ count: Int, at listener: any Listener) async {
  await withTaskGroup(of: Void.self) { group in
    for _ in 0..<count {
      guard let transport = await listener.accept() else { return }
      group.addTask { await echo(5000, on: transport) }
    }
  }
}

@Reactor
private func echo(_ count: Int, on transport: any Transport) async {
  _ = await transport.writeAll(await transport.readAll(upTo: count).bytes)
  transport.close()
}

/// Connects and sends bytes; returns whether the same ones came back.
@Reactor
func sendAndCompare(
  _ bytes: [UInt8], through network: any Network, to endpoint: Endpoint
) async -> Bool {
  // A refused connection is the test's failure, told by the result.
  guard let transport = try? await network.connect(to: endpoint, timeout: .seconds(10)) else {
    return false
  }
  defer { transport.close() }
  guard await transport.writeAll(bytes) else { return false }
  return await transport.readAll(upTo: bytes.count).bytes == bytes
}
