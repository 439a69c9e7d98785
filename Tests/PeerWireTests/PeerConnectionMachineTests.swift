import PeerWire
import Primitives
import Testing

@Suite struct PeerConnectionMachineTests {
  let block = Block(piece: PieceIndex(0), offset: 0, length: 16384)
  let other = Block(piece: PieceIndex(0), offset: 16384, length: 16384)

  @Test func messagesAboutPiecesAreTranslated() throws {
    var machine = PeerConnectionMachine(now: .zero)
    let meanings: [(PeerMessage, PeerConnectionMachine.Action)] = [
      (.choke, .choked), (.unchoke, .unchoked), (.interested, .interested(true)),
      (.notInterested, .interested(false)), (.have(PieceIndex(0)), .has(PieceIndex(0))),
      (.bitfield(Bitfield(count: 3)), .hasAll(Bitfield(count: 3))),
      (.request(block), .requested(block)), (.cancel(other), .cancelled(other)),
      (.keepAlive, .none), (.unknown(id: 99), .none),
    ]
    for (message, action) in meanings {
      #expect(try machine.received(message, now: .zero) == action)
    }
  }

  @Test func bitfieldsWithoutEndEndTheConnection() throws {
    var machine = PeerConnectionMachine(now: .zero)
    let bitfield = PeerMessage.bitfield(Bitfield(count: 100_000))
    #expect(throws: WireError.bitfieldFlood) {
      for _ in 0..<100 { _ = try machine.received(bitfield, now: .zero) }
    }
    var patient = PeerConnectionMachine(now: .zero)
    for second in 0..<100 {
      _ = try patient.received(bitfield, now: .zero + .seconds(Int64(second)))
    }
  }

  @Test func theExtensionHandshakeIsReportedAndItsNumbersAreUsed() throws {
    var machine = PeerConnectionMachine(now: .zero)
    #expect(!machine.speaks(.metadata))
    #expect(machine.say(.metadata, payload: [1]) == false)
    var theirs = ExtensionHandshake()
    theirs.extensions = [.metadata: 77]
    let message = PeerMessage.extended(number: 0, payload: theirs.payload)
    #expect(try machine.received(message, now: .zero) == .extended(theirs))
    #expect(machine.speaks(.metadata) && !machine.speaks(.peerExchange))
    #expect(machine.say(.metadata, payload: [1]) == true)
    #expect(machine.outgoing == [0, 0, 0, 3, 20, 77, 1])
  }

  @Test func aSecondExtensionHandshakeChangesWhatIsInIt() throws {
    var machine = PeerConnectionMachine(now: .zero)
    for dictionary in ["d1:md11:ut_metadatai3e6:ut_pexi4eee", "d1:md6:ut_pexi0eee"] {
      let message = PeerMessage.extended(number: 0, payload: Array(dictionary.utf8))
      _ = try machine.received(message, now: .zero)
    }
    #expect(machine.speaks(.metadata) && !machine.speaks(.peerExchange))
  }

  @Test func messagesOfExtensionsThatWeDidNotAnnounceAreIgnored() throws {
    var machine = PeerConnectionMachine(now: .zero)
    let number = WireExtension.metadata.rawValue
    let message = PeerMessage.extended(number: number, payload: [5])
    #expect(try machine.received(message, now: .zero) == .none)
    machine.introduce(ExtensionHandshake(extensions: [.metadata]))
    #expect(
      try machine.received(message, now: .zero) == .extensionMessage(.metadata, payload: [5]))
    for other: UInt8 in [WireExtension.peerExchange.rawValue, 3, 255] {
      let message = PeerMessage.extended(number: other, payload: [5])
      #expect(try machine.received(message, now: .zero) == .none)
    }
  }

  @Test func anUnreadableExtensionHandshakeIsIgnored() throws {
    var machine = PeerConnectionMachine(now: .zero)
    for payload in [[], Array("le".utf8), Array("d1:m".utf8)] {
      let message = PeerMessage.extended(number: 0, payload: payload)
      #expect(try machine.received(message, now: .zero) == .none)
    }
  }

  @Test func theDHTPortIsReported() throws {
    var machine = PeerConnectionMachine(now: .zero)
    #expect(try machine.received(.port(6881), now: .zero) == .dhtPort(6881))
    #expect(try machine.received(.port(0), now: .zero) == .none)
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
