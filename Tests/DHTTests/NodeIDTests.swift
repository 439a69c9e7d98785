import Primitives
import Testing

@testable import DHT

@Suite struct NodeIDTests {
  private func id(_ hex: String) throws -> NodeID {
    try #require(Hex.decode(hex).flatMap { NodeID($0) })
  }

  @Test func bytesGoInAndComeOut() throws {
    let bytes = Array(UInt8(1)...20)
    let id = try #require(NodeID(bytes))
    #expect(id.bytes == bytes)
    #expect(id.description == Hex.encode(bytes))
    #expect(NodeID(bytes.dropLast()) == nil)
    #expect(NodeID(bytes + [0]) == nil)
  }

  @Test func distanceIsTheNumberOfTheDifferingBits() throws {
    let zero = try id(String(repeating: "00", count: 20))
    for (near, far) in [("00", "01"), ("7f", "80")] {
      for position in 0..<20 {
        func at(_ byte: String) throws -> NodeID {
          try id(
            String(repeating: "00", count: position) + byte
              + String(repeating: "00", count: 19 - position))
        }
        #expect(try at(near).distance(to: zero) < at(far).distance(to: zero))
      }
    }
    var random = SeededRandom(seed: 1)
    let (one, other) = (NodeID.random(using: &random), NodeID.random(using: &random))
    #expect(one.distance(to: other) == other.distance(to: one))
    #expect(one.distance(to: one) == zero)
  }

  @Test func aNeighbourSharesExactlySoManyBits() {
    var random = SeededRandom(seed: 2)
    let own = NodeID.random(using: &random)
    for count in 0..<160 {
      let neighbour = own.neighbour(sharing: count, using: &random)
      #expect(own.commonPrefixLength(with: neighbour) == count)
    }
    #expect(own.commonPrefixLength(with: own) == 160)
  }

  /// The vectors of BEP 42, and one of IPv6 that another client uses.
  @Test(arguments: [
    ("124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"),
    ("21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"),
    ("65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616"),
    ("84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41"),
    ("43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"),
    (
      "2001:b829:2123:be84:e16c:d6ae:5290:49f1", "0a8ad123be84e16cd6ae529049f1f1bbe9ebb304"
    ),
  ])
  func idsThatAnAddressAllowsAreKnown(address: String, hex: String) throws {
    let address = try #require(IPAddress(address))
    let id = try id(hex)
    #expect(id.isValid(for: address))
    // Each of the first 21 bits counts, and so do the last three; the bits between do not.
    for bit in 0..<160 {
      var bytes = id.bytes
      bytes[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      let changed = try #require(NodeID(bytes))
      #expect(changed.isValid(for: address) == ((21..<157).contains(bit)), "bit \(bit)")
    }
  }

  @Test(arguments: ["80.1.2.3", "2a01::1", "255.255.0.1"])
  func idsOfOurOwnAreAllowed(address: String) throws {
    let address = try #require(IPAddress(address))
    var random = SeededRandom(seed: 3)
    var ids: Set<NodeID> = []
    for _ in 0..<100 {
      let id = NodeID.make(for: address, using: &random)
      ids.insert(id)
      #expect(id.isValid(for: address))
    }
    #expect(ids.count == 100)
  }

  @Test(arguments: ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "127.0.0.1", "::1"])
  func localAddressesAllowAnyID(address: String) throws {
    var random = SeededRandom(seed: 4)
    let address = try #require(IPAddress(address))
    #expect(NodeID.random(using: &random).isValid(for: address))
  }
}
