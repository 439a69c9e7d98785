import PeerWire
import Primitives
import Testing

@Suite struct PeerMessageTests {
  @Test func framesAreThoseOfTheSpecification() throws {
    let block = Block(piece: PieceIndex(1), offset: 16384, length: 16384)
    let table: [(PeerMessage, [UInt8])] = [
      (.keepAlive, [0, 0, 0, 0]),
      (.choke, [0, 0, 0, 1, 0]),
      (.unchoke, [0, 0, 0, 1, 1]),
      (.interested, [0, 0, 0, 1, 2]),
      (.notInterested, [0, 0, 0, 1, 3]),
      (.have(PieceIndex(258)), [0, 0, 0, 5, 4, 0, 0, 1, 2]),
      (.request(block), [0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 64, 0, 0, 0, 64, 0]),
      (.cancel(block), [0, 0, 0, 13, 8, 0, 0, 0, 1, 0, 0, 64, 0, 0, 0, 64, 0]),
      (.port(6881), [0, 0, 0, 3, 9, 0x1A, 0xE1]),
      (.extended(number: 3, payload: [7, 8]), [0, 0, 0, 4, 20, 3, 7, 8]),
    ]
    for (message, bytes) in table {
      var written: [UInt8] = []
      message.append(to: &written)
      #expect(written == bytes)
    }
    var header: [UInt8] = []
    PeerMessage.appendPieceHeader(of: block, to: &header)
    #expect(header == [0, 0, 64, 9, 7, 0, 0, 0, 1, 0, 0, 64, 0])
  }

  @Test func aBitfieldIsWrittenHighBitFirst() {
    var pieces = Bitfield(count: 10)
    pieces.insert(PieceIndex(0))
    pieces.insert(PieceIndex(9))
    var written: [UInt8] = []
    PeerMessage.bitfield(pieces).append(to: &written)
    #expect(written == [0, 0, 0, 3, 5, 0x80, 0x40])
  }
}

@Suite struct HandshakeTests {
  let infoHash = InfoHash(Array(repeating: 0xAB, count: 20))
  let peerID = PeerID(Array("-SW0100-abcdefghijkl".utf8))

  @Test func aHandshakeHas68BytesAndComesBack() throws {
    let handshake = Handshake(infoHash: try #require(infoHash), peerID: try #require(peerID))
    let bytes = handshake.bytes
    #expect(bytes.count == 68)
    #expect(bytes[0] == 19)
    #expect(Array(bytes[20..<28]) == [0, 0, 0, 0, 0, 0x10, 0, 0])
    #expect(try Handshake(bytes) == handshake)
  }

  @Test func reservedBitsStandWhereTheSpecificationsPutThem() throws {
    let handshake = Handshake(
      infoHash: try #require(infoHash), peerID: try #require(peerID), features: [.extensions, .dht])
    #expect(Array(handshake.bytes[20..<28]) == [0, 0, 0, 0, 0, 0x10, 0, 0x01])
    var bytes = handshake.bytes
    bytes.replaceSubrange(20..<28, with: repeatElement(0xFF, count: 8))
    #expect(try Handshake(bytes).features.isSuperset(of: [.extensions, .dht]))
    #expect(try Handshake(bytes).bytes == bytes)
  }

  @Test func anotherProtocolIsRefusedAtItsFirstByte() throws {
    let handshake = Handshake(infoHash: try #require(infoHash), peerID: try #require(peerID))
    var bytes = handshake.bytes
    bytes[5] ^= 0x20
    #expect(throws: WireError.notBitTorrent) { try Handshake(bytes) }
    #expect(!Handshake.canBegin(with: Array(bytes.prefix(6))))
    #expect(Handshake.canBegin(with: Array(bytes.prefix(5))))
    #expect(throws: WireError.notBitTorrent) { try Handshake(Array(handshake.bytes.dropLast())) }
  }
}
