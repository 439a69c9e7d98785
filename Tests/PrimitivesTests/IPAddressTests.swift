import Primitives
import Testing

@Suite struct IPAddressTests {
  @Test(arguments: [
    ("0.0.0.0", IPAddress.any4), ("127.0.0.1", .loopback4), ("255.255.255.255", .v4(.max)),
    ("10.77.0.1", .v4(0x0A4D_0001)), ("::", .any6), ("::1", .loopback6),
    ("2001:db8::1", .v6(high: 0x2001_0DB8_0000_0000, low: 1)),
    ("2001:DB8:0:0:8:800:200C:417A", .v6(high: 0x2001_0DB8_0000_0000, low: 0x0008_0800_200C_417A)),
    ("1:2:3:4:5:6:7::", .v6(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0000)),
    ("::ffff:192.0.2.1", .v6(high: 0, low: 0xFFFF_C000_0201)),
    ("1:2:3:4:5:6:192.0.2.1", .v6(high: 0x0001_0002_0003_0004, low: 0x0005_0006_C000_0201)),
  ])
  func textIsRead(text: String, address: IPAddress) {
    #expect(IPAddress(text) == address)
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.+4", "1.2.3.-4",
    "1..3.4", " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "example.com", ":", ":::", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4::5:6:7:8", "12345::", "g::", "+1::", "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7", "[::1]", "fe80::1%eth0", "::1.2.3", "::1.2.3.4:5", "1.2.3.4::",
    "1.2.3.4::1", "1:2:3:4:5:6:7:1.2.3.4",
  ])
  func otherTextIsRefused(text: String) {
    #expect(IPAddress(text) == nil)
  }

  // The rules of RFC 5952 §4, and its examples.
  @Test(arguments: [
    ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:DB8::ABCD", "2001:db8::abcd"),
    ("0:0:0:0:0:0:0:0", "::"), ("0:0:0:0:0:0:0:1", "::1"), ("1:0:0:0:0:0:0:0", "1::"),
    ("::ffff:c000:201", "::ffff:192.0.2.1"), ("192.0.2.1", "192.0.2.1"),
  ])
  func textIsWrittenTheOneWay(text: String, canonical: String) {
    #expect(IPAddress(text)?.description == canonical)
  }

  @Test func whatIsWrittenIsReadBack() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<1000 {
      let mask = random.next() & random.next() & random.next()
      let address = IPAddress.v6(high: random.next() & mask, low: random.next() & mask)
      #expect(IPAddress(address.description) == address)
      #expect(IPAddress(networkBytes: address.networkBytes) == address)
    }
  }

  @Test func networkBytesAreFourOrSixteen() {
    #expect(IPAddress.v4(0x0102_0304).networkBytes == [1, 2, 3, 4])
    #expect(IPAddress(networkBytes: [1, 2, 3, 4]) == .v4(0x0102_0304))
    #expect(IPAddress.loopback6.networkBytes == Array(repeating: 0, count: 15) + [1])
    for count in [0, 3, 5, 15, 17] {
      #expect(IPAddress(networkBytes: Array(repeating: 0, count: count)) == nil)
    }
  }

  @Test(arguments: [
    ("127.9.9.9", [true, false, false, true]), ("::1", [true, false, false, true]),
    ("::ffff:127.0.0.1", [true, false, false, true]), ("10.0.0.1", [false, true, false, true]),
    ("172.16.0.1", [false, true, false, true]), ("172.32.0.1", [false, false, false, true]),
    ("192.168.1.1", [false, true, false, true]), ("169.254.1.1", [false, true, false, true]),
    ("fe80::1", [false, true, false, true]), ("fd00::1", [false, true, false, true]),
    ("0.0.0.0", [false, false, true, false]), ("::", [false, false, true, false]),
    ("224.0.0.1", [false, false, false, false]), ("255.255.255.255", [false, false, false, false]),
    ("ff02::1", [false, false, false, false]), ("8.8.8.8", [false, false, false, true]),
    ("2001:db8::1", [false, false, false, true]),
  ])
  func kindsAreTold(text: String, kinds: [Bool]) throws {
    let address = try #require(IPAddress(text))
    #expect(
      [
        address.isLoopback, address.isPrivate, address.isUnspecified, address.isPossiblePeer,
      ] == kinds)
  }

  @Test func aMappedAddressIsTheIPv4OneInside() {
    #expect(IPAddress("::ffff:1.2.3.4")?.unmapped == .v4(0x0102_0304))
    #expect(IPAddress("::1")?.unmapped == .loopback6)
  }
}
