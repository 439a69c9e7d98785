import Primitives
import Testing

@Suite struct EndpointTests {
  @Test func textIsReadAndWritten() {
    for text in ["1.2.3.4:80", "[::1]:6881", "[2001:db8::1]:0", "0.0.0.0:65535"] {
      #expect(Endpoint(text)?.description == text)
    }
  }

  @Test(arguments: [
    "", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+80", "1.2.3.4: 80",
    "::1:80", "[::1]", "[::1]80", "[1.2.3.4]:80", "example.com:80", ":80", "[]:80",
  ])
  func otherTextIsRefused(text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test func hostAndPortAreSplit() throws {
    let plain = try #require(Endpoint.splitHostAndPort("example.com:8080"))
    #expect(plain == ("example.com", 8080))
    let bracketed = try #require(Endpoint.splitHostAndPort("[::1]:1"))
    #expect(bracketed == ("::1", 1))
    #expect(Endpoint.splitHostAndPort("example.com") == nil)
  }

  @Test func theCompactFormIsAddressThenPort() throws {
    let four = try #require(Endpoint("1.2.3.4:258"))
    #expect(four.compactBytes == [1, 2, 3, 4, 1, 2])
    let six = try #require(Endpoint("[::1]:258"))
    #expect(six.compactBytes == Array(repeating: 0, count: 15) + [1, 1, 2])
    #expect(
      Endpoint.readCompactList(four.compactBytes + four.compactBytes, isIPv6: false) == [
        four, four,
      ])
    #expect(Endpoint.readCompactList(six.compactBytes[...], isIPv6: true) == [six])
  }

  @Test func aCompactListHasWholeEntries() {
    #expect(Endpoint.readCompactList([], isIPv6: false) == [])
    #expect(Endpoint.readCompactList([1, 2, 3, 4, 5], isIPv6: false) == nil)
    #expect(Endpoint.readCompactList(Array(repeating: 1, count: 12), isIPv6: true) == nil)
  }
}
