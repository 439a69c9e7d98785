import Primitives
import Testing

@testable import Tracker

@Suite struct AnnounceRequestTests {
  private func request(event: AnnounceEvent? = nil) throws -> AnnounceRequest {
    let hash = try #require(InfoHash(hex: "123456789abcdef123456789abcdef123456789a"))
    let peerID = try #require(PeerID("-SW0100-abcdefghi~ z".utf8))
    return AnnounceRequest(
      infoHash: hash, peerID: peerID, port: 6881,
      totals: TransferTotals(uploaded: 1, downloaded: 2, left: 3), event: event, key: 0xDEAD_BEEF,
      trackerID: Array("a&b".utf8))
  }

  @Test func hashIsEncodedByteForByte() throws {
    let query = try request(event: .started).query
    #expect(
      query == "info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A"
        + "&peer_id=-SW0100-abcdefghi~%20z&port=6881&uploaded=1&downloaded=2&left=3&compact=1"
        + "&no_peer_id=1&numwant=200&key=deadbeef&event=started&trackerid=a%26b")
  }

  @Test func aPartialSeedIsPausedToATrackerThatKnowsTheWord() throws {
    #expect(try request(event: .paused).query.contains("&numwant=200&key=deadbeef&event=paused"))
    #expect(UDPTrackerPacket.number(of: .paused) == 0)
  }

  @Test func stoppedWantsNoPeers() throws {
    #expect(try request(event: .stopped).query.contains("&numwant=0&"))
    #expect(try !request().query.contains("event="))
  }

  @Test(arguments: [
    ("http://h/announce", "http://h/announce?q=1"),
    ("http://h/announce?passkey=x", "http://h/announce?passkey=x&q=1"),
    ("http://h/announce?", "http://h/announce?q=1"),
    ("http://h:80", "http://h:80/?q=1"),
    ("http://h/a#fragment", "http://h/a?q=1"),
  ])
  func queryIsAppendedToWhatIsThere(url: String, expected: String) throws {
    #expect(try TrackerURL(url).appending(query: "q=1") == expected)
  }

  @Test(arguments: [
    ("http://localhost:1/announce", true), ("http://127.0.0.1/announce", true),
    ("http://u:p@10.1.2.3:80/announce", true), ("http://[::1]:80/announce", true),
    ("http://[fd00::1]/announce", true), ("http://192.168.1.1", true),
    ("http://tracker.example/announce", false), ("http://8.8.8.8/announce", false),
    ("http://10.0.0.1.example/announce", false), ("http://[2001:db8::1]/announce", false),
    ("http://10.0.0.1@tracker.example/announce", false),
  ])
  func localityFollowsTheLiteralHost(url: String, isLocal: Bool) throws {
    #expect(try TrackerURL(url).isLocal == isLocal)
  }

  @Test func displayHidesSecrets() throws {
    let url = try TrackerURL(
      "https://user:pass@t.example:443/0123456789abcdef0123456789abcdef/announce?passkey=secret")
    #expect(url.display == "https://t.example:443/…/announce")
  }

  @Test(arguments: ["", "announce", "://h/", "http://", "http:///x", "http://@/x"])
  func malformedURLIsRefused(text: String) {
    #expect(throws: TrackerError.self) { _ = try TrackerURL(text) }
  }

  @Test(arguments: [
    ("http://h/announce", "http://h/scrape"),
    ("http://h/x/announce.php?k=1", "http://h/x/scrape.php?k=1"),
    ("http://h/a", nil), ("http://h/announce/x", nil), ("http://announce", nil),
  ])
  func scrapeURLFollowsTheConvention(url: String, expected: String?) throws {
    #expect(try TrackerURL(url).scrape?.text == expected)
  }
}
