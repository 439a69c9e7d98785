import Primitives
import Swarm
import Testing

@Suite struct OwnAddressTests {
  private func address(_ number: UInt32) -> IPAddress { .v4(0x5000_0000 + number) }

  @Test func theMajorityDecidesAndEachPeerHasOneVote() {
    var own = OwnAddress()
    #expect(own.address(isIPv6: false) == nil)
    own.heard(address(1), from: address(10))
    for _ in 0..<9 { own.heard(address(2), from: address(11)) }
    #expect(own.address(isIPv6: false) == address(1))
    own.heard(address(2), from: address(12))
    #expect(own.address(isIPv6: false) == address(2))
    #expect(own.address(isIPv6: true) == nil)
  }

  @Test func addressesThatCannotBeOursAreNotBelieved() {
    var own = OwnAddress()
    own.heard(.v4(0), from: address(1))
    own.heard(.v4(.max), from: address(1))
    own.heard(.loopback6, from: address(1))
    #expect(own.address(isIPv6: false) == nil && own.address(isIPv6: true) == nil)
  }

  @Test func manyLiesTakeLittleRoomAndDoNotHideTheTruth() {
    var own = OwnAddress()
    own.heard(address(1), from: address(10))
    for number in UInt32(0)..<10_000 {
      own.heard(.v4(0x6000_0000 + number), from: .v4(0x7000_0000 + number))
    }
    #expect(own.address(isIPv6: false) == address(1))
  }
}

@Suite struct PeerPriorityTests {
  private func priority(_ left: String, _ right: String) throws -> UInt32 {
    let (left, right) = (try #require(Endpoint(left)), try #require(Endpoint(right)))
    let priority = PeerPriority.of(left, seenFrom: right)
    #expect(PeerPriority.of(right, seenFrom: left) == priority)
    return priority
  }

  private func hash(_ hex: String) -> UInt32? { Hex.decode(hex).map { CRC32C.checksum(of: $0) } }

  @Test func theSpecificationsExamplesAreMet() throws {
    #expect(try priority("123.213.32.10:0", "98.76.54.32:0") == 0xEC2D_7224)
    #expect(try priority("123.213.32.10:0", "123.213.32.234:0") == 0x9956_8189)
  }

  @Test func theMaskDependsOnHowNearThePeersAre() throws {
    #expect(try priority("230.12.123.1:9", "230.12.123.3:8") == hash("e60c7b01e60c7b03"))
    #expect(try priority("230.12.23.1:9", "230.12.123.3:8") == hash("e60c1701e60c7b01"))
    #expect(try priority("230.120.23.1:9", "230.12.123.3:8") == hash("e60c5101e6781501"))
  }

  @Test func portsCountBetweenEqualAddresses() throws {
    #expect(try priority("230.12.123.3:1234", "230.12.123.3:300") == hash("012c04d2"))
    #expect(try priority("[ffff::1]:1234", "[ffff::1]:300") == hash("012c04d2"))
  }

  @Test func theMaskOfIPv6BeginsAfterTheSite() throws {
    #expect(
      try priority("[2001:db8:1:ffff:ffff:ffff:ffff:ffff]:1", "[2001:db8:2:ffff::]:1")
        == hash("20010db8000155555555555555555555" + "20010db8000255550000000000000000"))
    #expect(
      try priority("[2001:db8:1:ff00::ff]:1", "[2001:db8:1:fff::]:1")
        == hash("20010db800010f550000000000000000" + "20010db80001ff000000000000000055"))
    #expect(
      try priority("[2001:db8:1:ff00::ff]:1", "[2001:db8:1:ffff::]:1")
        == hash("20010db80001ff000000000000000055" + "20010db80001ffff0000000000000000"))
  }

  @Test func mappedAddressesAreThoseOfIPv4() throws {
    #expect(try priority("[::ffff:123.213.32.10]:0", "98.76.54.32:0") == 0xEC2D_7224)
    #expect(try priority("[2001:db8::1]:1", "98.76.54.32:0") == 0)
  }
}
