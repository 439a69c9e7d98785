import Networking
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5)))
struct UDPSocketTests {
  private static let families = [IPAddress.loopback4, .loopback6]

  @Test(arguments: families)
  @Reactor func datagramsKeepTheirBordersAndTellTheirSender(address: IPAddress) async throws {
    let network = LiveNetwork()
    let one = try network.bindDatagrams(at: Endpoint(address: address, port: 0))
    let two = try network.bindDatagrams(at: Endpoint(address: address, port: 0))
    defer { [one, two].forEach { $0.close() } }
    let sent: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 7, count: 1400)]
    for bytes in sent { #expect(one.send(bytes, to: two.local) == .bytes(bytes.count)) }
    let batch = DatagramBatch()
    var received: [Datagram] = []
    while received.count < sent.count, await two.receiveNext(into: batch) {
      received += batch.datagrams
    }
    #expect(received == sent.map { Datagram(source: one.local, bytes: $0) })
  }

  @Test @Reactor func aLongDatagramIsCutAndSaysSo() async throws {
    let network = LiveNetwork()
    let one = try network.bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    defer { one.close() }
    one.send(Array(repeating: 9, count: 101), to: one.local)
    one.send(Array(repeating: 8, count: 100), to: one.local)
    let batch = DatagramBatch(capacity: 4, datagramLength: 100)
    var received: [Datagram] = []
    while received.count < 2, await one.receiveNext(into: batch) { received += batch.datagrams }
    #expect(
      received.map(\.bytes) == [Array(repeating: 9, count: 100), Array(repeating: 8, count: 100)])
    #expect(received.map(\.isTruncated) == [true, false])
  }

  @Test @Reactor func moreThanABatchComesInTurns() async throws {
    let network = LiveNetwork()
    let one = try network.bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    defer { one.close() }
    for number in 0..<50 { one.send([UInt8(number)], to: one.local) }
    let batch = DatagramBatch(capacity: 8, datagramLength: 16)
    var received: [UInt8] = []
    while received.count < 50, await one.receiveNext(into: batch) {
      #expect(batch.count <= 8)
      received += batch.datagrams.flatMap(\.bytes)
    }
    #expect(received == Array(0..<50))
  }

  @Test @Reactor func aClosedPortIsNoErrorOfTheSocket() async throws {
    let network = LiveNetwork()
    let one = try network.bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    let gone = try network.bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    defer { one.close() }
    gone.close()
    for _ in 0..<3 { #expect(one.send([1], to: gone.local) == .bytes(1)) }
    one.send([2], to: one.local)
    let batch = DatagramBatch()
    #expect(await one.receiveNext(into: batch))
    #expect(batch.datagrams == [Datagram(source: one.local, bytes: [2])])
  }

  @Test @Reactor func whatCannotBeSentSaysWhy() throws {
    let one = try LiveNetwork().bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    defer { one.close() }
    #expect(one.send(Array(repeating: 0, count: 70_000), to: one.local) == .failed(90))
  }

  @Test @Reactor func aPortIsBoundOnceForEachFamily() throws {
    let network = LiveNetwork()
    let one = try network.bindDatagrams(at: Endpoint(address: .any4, port: 0))
    defer { one.close() }
    #expect(throws: NetworkError.system(call: "bind", code: 98)) {
      _ = try network.bindDatagrams(at: one.local)
    }
    let six = try network.bindDatagrams(at: Endpoint(address: .any6, port: one.local.port))
    #expect(six.local.port == one.local.port)
    six.close()
  }

  @Test @Reactor func closingEndsAWait() async throws {
    let one = try LiveNetwork().bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    let batch = DatagramBatch()
    async let received = one.receiveNext(into: batch)
    for _ in 0..<10 { await Task.yield() }
    one.close()
    #expect(await !received)
    #expect(one.receive(into: batch) == .closed)
    #expect(one.send([1], to: one.local) == .closed)
  }

  @Test @Reactor func arrivalsAreToldToAnOwnerWithoutATask() async throws {
    let one = try LiveNetwork().bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    defer { one.close() }
    let owner = Collector()
    one.owner = owner
    one.send([1], to: one.local)
    one.send([2], to: one.local)
    await owner.hasTwo.wait()
    #expect(owner.received.map(\.bytes) == [[1], [2]])
  }

  @Test @Reactor func cancellationEndsAWait() async throws {
    let one = try LiveNetwork().bindDatagrams(at: Endpoint(address: .loopback4, port: 0))
    defer { one.close() }
    let received = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await one.receiveNext(into: DatagramBatch()) }
      for _ in 0..<10 { await Task.yield() }
      group.cancelAll()
      return await group.next()
    }
    #expect(received == false)
  }

  @Test(arguments: [
    IPAddress.v4(0xEFC0_988F), .v6(high: 0xFF15_0000_0000_0000, low: 0xEFC0_988F),
  ])
  @Reactor func whoJoinsAGroupHearsIt(address: IPAddress) async throws {
    let network = LiveNetwork()
    // Any port will do, as long as both use it.
    let probe = try network.bindDatagrams(
      at: Endpoint(address: address.isIPv6 ? .any6 : .any4, port: 0))
    let group = Endpoint(address: address, port: probe.local.port)
    probe.close()
    let one = try network.joinGroup(group)
    let two = try network.joinGroup(group)
    defer { [one, two].forEach { $0.close() } }
    #expect(one.send([1, 2, 3], to: group) == .bytes(3))
    let batch = DatagramBatch()
    #expect(await two.receiveNext(into: batch))
    #expect(batch.datagrams.first?.bytes == [1, 2, 3])
  }
}

/// An owner that receives whatever has arrived.
@Reactor private final class Collector: DatagramSocketOwner {
  private let batch = DatagramBatch()
  private(set) var received: [Datagram] = []
  let hasTwo = Wakeup()

  func datagramsArrived(at socket: any DatagramSocket) {
    while socket.receive(into: batch) == .datagrams { received += batch.datagrams }
    if received.count == 2 { hasTwo.fire() }
  }
}
