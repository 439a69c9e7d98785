import Networking
import Primitives
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct SimulatedDatagramTests {
  private static let one = IPAddress.v4(0x0A00_0001)
  private static let two = IPAddress.v4(0x0A00_0002)
  private static let six = IPAddress.v6(high: 0xFD00_0000_0000_0000, low: 1)

  /// Sends the numbers from 0 up to `count`, a millisecond apart; returns those that arrive.
  @Reactor private func exchange(
    _ count: Int, seed: UInt64 = 1, _ conditions: DatagramConditions
  ) async throws -> (received: [Int], trace: EventTrace) {
    let simulation = Simulation(seed: seed)
    simulation.network.datagrams = conditions
    let received = try await simulation.run {
      let sender = try simulation.network.host(Self.one)
        .bindDatagrams(at: Endpoint(address: .any4, port: 0))
      let receiver = try simulation.network.host(Self.two)
        .bindDatagrams(at: Endpoint(address: .any4, port: 7))
      for number in 0..<count {
        sender.send([UInt8(number >> 8), UInt8(number & 255)], to: receiver.local)
        await simulation.clock.sleep(for: .milliseconds(1))
      }
      await simulation.clock.sleep(for: .seconds(10))
      let batch = DatagramBatch()
      var numbers: [Int] = []
      while receiver.receive(into: batch) == .datagrams {
        for datagram in batch.datagrams {
          #expect(datagram.source == sender.local)
          numbers.append(Int(datagram.bytes[0]) << 8 | Int(datagram.bytes[1]))
        }
      }
      return numbers
    }
    return (received, simulation.network.trace)
  }

  @Test @Reactor func undisturbedOnesArriveInOrder() async throws {
    let (received, _) = try await exchange(100, DatagramConditions())
    #expect(received == Array(0..<100))
  }

  @Test @Reactor func someAreLost() async throws {
    var conditions = DatagramConditions()
    conditions.loss = 0.5
    let (received, _) = try await exchange(1000, conditions)
    #expect((400...600).contains(received.count))
    #expect(received == received.sorted())
  }

  @Test @Reactor func someComeTwice() async throws {
    var conditions = DatagramConditions()
    conditions.duplication = 0.5
    let (received, _) = try await exchange(1000, conditions)
    #expect((1400...1600).contains(received.count))
    #expect(Set(received).count == 1000)
  }

  @Test @Reactor func jitterReorders() async throws {
    var conditions = DatagramConditions()
    conditions.jitter = .milliseconds(50)
    let (received, _) = try await exchange(100, conditions)
    #expect(received.sorted() == Array(0..<100))
    #expect(received != received.sorted())
  }

  @Test @Reactor func theSameSeedGivesTheSameRun() async throws {
    var conditions = DatagramConditions()
    conditions.loss = 0.2
    conditions.duplication = 0.2
    conditions.jitter = .milliseconds(20)
    let first = try await exchange(200, seed: 5, conditions)
    let second = try await exchange(200, seed: 5, conditions)
    let other = try await exchange(200, seed: 6, conditions)
    #expect(first.received == second.received)
    #expect(first.trace == second.trace)
    #expect(first.received != other.received)
  }

  @Test @Reactor func whatNobodyReadsIsDropped() async throws {
    // 256 KiB of buffer, each datagram counted with 64 bytes more.
    let (received, _) = try await exchange(5000, DatagramConditions())
    #expect(received == Array(0..<(256 * 1024 / 66)))
  }

  @Test @Reactor func aHostCanHaveBothFamilies() async throws {
    let simulation = Simulation(seed: 1)
    let host = simulation.network.host(Self.one)
    #expect(throws: NetworkError.system(call: "bind", code: 99)) {
      _ = try host.bindDatagrams(at: Endpoint(address: .any6, port: 5))
    }
    simulation.network.add(Self.six, to: host)
    let bytes = try await simulation.run {
      let four = try host.bindDatagrams(at: Endpoint(address: .any4, port: 5))
      let six = try host.bindDatagrams(at: Endpoint(address: .any6, port: 5))
      four.send([4], to: four.local)
      six.send([6], to: six.local)
      let batch = DatagramBatch()
      guard await four.receiveNext(into: batch) else { return [UInt8]() }
      let first = batch.datagrams.flatMap(\.bytes)
      guard await six.receiveNext(into: batch) else { return first }
      return first + batch.datagrams.flatMap(\.bytes)
    }
    #expect(bytes == [4, 6])
  }

  @Test @Reactor func aGroupReachesAllWhoJoinedAndNobodyElse() async throws {
    let simulation = Simulation(seed: 1)
    let group = Endpoint(address: .v4(0xEFC0_988F), port: 6771)
    let counts = try await simulation.run {
      let one = try simulation.network.host(Self.one).joinGroup(group)
      let two = try simulation.network.host(Self.two).joinGroup(group)
      let gone = try simulation.network.host(Self.two).joinGroup(group)
      let other = try simulation.network.host(Self.two)
        .bindDatagrams(at: Endpoint(address: .any4, port: 6771))
      gone.close()
      one.send([1], to: group)
      await simulation.clock.sleep(for: .seconds(1))
      return [one, two, gone, other].map { socket in
        let batch = DatagramBatch()
        _ = socket.receive(into: batch)
        return batch.count
      }
    }
    #expect(counts == [1, 1, 0, 0])
  }
}
