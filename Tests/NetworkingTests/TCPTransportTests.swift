import Glibc
import Networking
import Primitives
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TCPTransportTests {
  @Reactor private var network: LiveNetwork { LiveNetwork() }

  @Reactor private func pair(
    _ address: IPAddress = .loopback4
  ) async throws -> (client: any Transport, server: any Transport) {
    let listener = try network.listen(at: Endpoint(address: address, port: 0))
    defer { listener.close() }
    async let accepted = listener.accept()
    let client = try await network.connect(to: listener.endpoint, timeout: .seconds(10))
    return (client, try #require(await accepted))
  }

  @Test(arguments: [IPAddress.loopback4, .loopback6])
  @Reactor func bothSidesKnowEachOther(address: IPAddress) async throws {
    let (client, server) = try await pair(address)
    #expect(client.remote == server.local)
    #expect(client.local == server.remote)
    #expect(client.remote.address == address)
    client.close()
    server.close()
  }

  @Test(arguments: [1, 2, 1000, 65536, 65537, 3_000_000])
  @Reactor func whatIsSentArrives(size: Int) async throws {
    let (client, server) = try await pair()
    let bytes = pattern(size)
    async let sent = client.writeAll(bytes)
    #expect(await server.readAll(upTo: size).bytes == bytes)
    #expect(await sent)
    async let back = server.writeAll(bytes)
    #expect(await client.readAll(upTo: size, chunk: 777).bytes == bytes)
    #expect(await back)
    client.close()
    server.close()
  }

  @Test @Reactor func segmentsAreFilledInOrder() async throws {
    let (client, server) = try await pair()
    #expect(await client.writeAll(Array(0..<10)))
    var first = [UInt8](repeating: 0, count: 4)
    var second = [UInt8](repeating: 0, count: 8)
    await server.waitUntilReadable()
    let result = first.withUnsafeMutableBytes { first in
      second.withUnsafeMutableBytes { second in
        var segments = [first, second].compactMap { memory in
          memory.baseAddress.map { IOSegment(base: $0, count: memory.count) }
        }
        return segments.withUnsafeMutableBufferPointer { server.read(into: $0) }
      }
    }
    #expect(result == .bytes(10))
    #expect(first == [0, 1, 2, 3])
    #expect(second == [4, 5, 6, 7, 8, 9, 0, 0])
    client.close()
    server.close()
  }

  @Test @Reactor func aSegmentHasTheLayoutOfAnIovec() {
    #expect(MemoryLayout<IOSegment>.size == MemoryLayout<iovec>.size)
    #expect(MemoryLayout<IOSegment>.stride == MemoryLayout<iovec>.stride)
    #expect(MemoryLayout<IOSegment>.alignment == MemoryLayout<iovec>.alignment)
    #expect(
      MemoryLayout<IOSegment>.offset(of: \.count) == MemoryLayout<iovec>.offset(of: \.iov_len))
  }

  @Test @Reactor func aReadWithNothingThereWouldBlock() async throws {
    let (client, server) = try await pair()
    var buffer = [UInt8](repeating: 0, count: 10)
    #expect(client.read(&buffer, count: 10) == .wouldBlock)
    client.close()
    server.close()
  }

  @Test @Reactor func writingStopsWhenTheOtherSideDoesNotRead() async throws {
    let (client, server) = try await pair()
    var chunk = [UInt8](repeating: 1, count: 1 << 20)
    var total = 0
    while case .bytes(let count) = client.write(&chunk) { total += count }
    #expect(client.write(&chunk) == .wouldBlock)
    let sent = total
    async let drained = server.readAll(upTo: sent)
    await client.waitUntilWritable()
    #expect(await drained.bytes.count == sent)
    client.close()
    server.close()
  }

  @Test @Reactor func closingTellsTheOtherSideAfterTheData() async throws {
    let (client, server) = try await pair()
    #expect(await client.writeAll(pattern(100_000)))
    client.close()
    let (bytes, end) = await server.readAll()
    #expect(bytes == pattern(100_000))
    #expect(end == .closed)
    server.close()
  }

  @Test @Reactor func closingWithUnreadDataResetsTheOtherSide() async throws {
    let (client, server) = try await pair()
    #expect(await client.writeAll([1]))
    await server.waitUntilReadable()
    server.close()
    await client.waitUntilReadable()
    var buffer = [UInt8](repeating: 0, count: 10)
    #expect(client.read(&buffer, count: 10) == .failed(ECONNRESET))
    var byte: [UInt8] = [1]
    #expect(client.write(&byte) == .failed(EPIPE))
    client.close()
  }

  @Test @Reactor func aClosedTransportReadsAndWritesNothing() async throws {
    let (client, server) = try await pair()
    client.close()
    client.close()
    var buffer = [UInt8](repeating: 0, count: 10)
    #expect(client.read(&buffer, count: 10) == .closed)
    #expect(client.write(&buffer) == .closed)
    await client.waitUntilReadable()
    await client.waitUntilWritable()
    server.close()
  }

  @Test @Reactor func closingWakesTheReader() async throws {
    let (client, server) = try await pair()
    async let waited: Void = client.waitUntilReadable()
    for _ in 0..<10 { await Task.yield() }
    client.close()
    await waited
    server.close()
  }

  @Test @Reactor func cancellationWakesTheReader() async throws {
    let (client, server) = try await pair()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await client.waitUntilReadable() }
      for _ in 0..<10 { await Task.yield() }
      group.cancelAll()
    }
    #expect(await server.writeAll([7]))
    #expect(await client.readAll(upTo: 1).bytes == [7])
    client.close()
    server.close()
  }

  @Test @Reactor func afterTheOtherSideHasEndedItsDirectionOursStillWorks() async throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(raw) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = listener.endpoint.port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(code == 0)
    let server = try #require(await listener.accept())
    #expect(send(raw, [1, 2, 3] as [UInt8], 3, 0) == 3)
    #expect(shutdown(raw, Int32(SHUT_WR)) == 0)
    let (bytes, end) = await server.readAll()
    #expect(bytes == [1, 2, 3])
    #expect(end == .closed)
    #expect(await server.writeAll([4, 5]))
    var buffer = [UInt8](repeating: 0, count: 10)
    #expect(recv(raw, &buffer, 10, 0) == 2)
    server.close()
    listener.close()
  }

  @Test @Reactor func twoHundredConnectionsEchoAtOnce() async throws {
    let listener = try network.listen(at: Endpoint(address: .loopback4, port: 0))
    let network = network
    let endpoint = listener.endpoint
    async let served: Void = serveEcho(200, at: listener)
    var echoed = 0
    await withTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          await sendAndCompare(pattern(5000, seed: UInt64(number)), through: network, to: endpoint)
        }
      }
      for await result in group where result { echoed += 1 }
    }
    #expect(echoed == 200)
    await served
    listener.close()
  }
}
