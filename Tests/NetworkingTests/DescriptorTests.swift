import Glibc
import Networking
import Primitives
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct DescriptorTests {
  /// Other tests open descriptors meanwhile, so this one opens many more than they do.
  @Test @Reactor func everyDescriptorIsClosedAgain() async throws {
    let before = openDescriptors()
    let network = LiveNetwork()
    for round in 0..<1500 {
      let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
      let client = try await network.connect(to: listener.endpoint, timeout: .seconds(10))
      // A transport that is only let go of is closed as well, and so is a connection that nobody
      // has accepted.
      if round.isMultiple(of: 2) { client.close() }
      listener.close()
    }
    #expect(openDescriptors() < before + 1000)
  }

  @Test @Reactor func anEventForAClosedConnectionReachesNoLaterOne() async throws {
    let network = LiveNetwork()
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    for _ in 0..<100 {
      let client = try await network.connect(to: listener.endpoint, timeout: .seconds(10))
      let server = try #require(await listener.accept())
      // The byte's event is on its way when the descriptor and its slot go to the next connection.
      #expect(await server.writeAll([1]))
      client.close()
      let next = try await network.connect(to: listener.endpoint, timeout: .seconds(10))
      let nextServer = try #require(await listener.accept())
      var buffer = [UInt8](repeating: 0, count: 1)
      #expect(next.read(&buffer, count: 1) == .wouldBlock)
      for transport in [server, next, nextServer] { transport.close() }
    }
    listener.close()
  }

  private func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
  }
}
