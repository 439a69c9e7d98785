import PeerWire
import Primitives
import Testing

@Suite struct PeerConnectionMachineTests {
  let block = Block(piece: PieceIndex(0), offset: 0, length: 16384)
  let other = Block(piece: PieceIndex(0), offset: 16384, length: 16384)

  @Test func bothSidesBeginChokedAndNotInterested() {
    let machine = PeerConnectionMachine(now: .zero)
    #expect(machine.amChoking && machine.peerChoking)
    #expect(!machine.amInterested && !machine.peerInterested)
  }

  @Test func newsIsSaidOnce() {
    var machine = PeerConnectionMachine(now: .zero)
    machine.setInterested(true)
    machine.setInterested(true)
    machine.setChoking(true)
    machine.setChoking(false)
    #expect(machine.outgoing == [0, 0, 0, 1, 2, 0, 0, 0, 1, 1])
  }

  @Test func onlyChangesAreReported() throws {
    var machine = PeerConnectionMachine(now: .zero)
    #expect(try machine.received(.choke, now: .zero) == .none)
    #expect(try machine.received(.unchoke, now: .zero) == .mayRequest)
    #expect(try machine.received(.unchoke, now: .zero) == .none)
    #expect(try machine.received(.choke, now: .zero) == .choked)
    #expect(try machine.received(.interested, now: .zero) == .interestChanged)
    #expect(try machine.received(.interested, now: .zero) == .none)
  }

  @Test func aChokedPeerIsNotServed() throws {
    var machine = PeerConnectionMachine(now: .zero)
    #expect(try machine.received(.request(block), now: .zero) == .none)
    #expect(machine.nextRequest() == nil)
    machine.setChoking(false)
    #expect(machine.nextRequest() == nil)
    #expect(try machine.received(.request(block), now: .zero) == .serve)
    machine.setChoking(true)
    machine.setChoking(false)
    #expect(machine.nextRequest() == nil)
  }

  @Test func aCancelledRequestIsNotServed() throws {
    var machine = PeerConnectionMachine(now: .zero)
    machine.setChoking(false)
    for wanted in [block, other] { _ = try machine.received(.request(wanted), now: .zero) }
    #expect(try machine.received(.cancel(block), now: .zero) == .none)
    #expect(machine.nextRequest() == other)
    #expect(machine.nextRequest() == nil)
  }

  @Test func tooManyRequestsEndTheConnection() throws {
    var machine = PeerConnectionMachine(now: .zero)
    machine.setChoking(false)
    for _ in 0..<PeerConnectionMachine.requestLimit {
      _ = try machine.received(.request(block), now: .zero)
    }
    #expect(throws: WireError.tooManyRequests(limit: 2000)) {
      try machine.received(.request(block), now: .zero)
    }
  }

  @Test func silenceIsAnsweredWithKeepAlivesAndEndsInTheEnd() {
    var machine = PeerConnectionMachine(now: .zero)
    #expect(machine.tick(now: .zero + .seconds(99)) == true)
    #expect(machine.outgoing.isEmpty)
    #expect(machine.tick(now: .zero + .seconds(100)) == true)
    #expect(machine.outgoing == [0, 0, 0, 0])
    #expect(machine.tick(now: .zero + .seconds(151)) == false)
  }
}
