import CLI
import Download
import Primitives
import Testing

/// The runs that take part in the distributed hash table, and their routers.
@Suite struct DHTChoiceTests {
  private func choice(
    _ words: String, trackers: [[String]] = [], webSeeds: [String] = []
  ) throws -> DHTOptions? {
    let invocation = try CommandLineArguments.parse(
      ["x.torrent"] + words.split(separator: " ").map(String.init))
    let isUsed = invocation.dht.isUsed(
      trackers: trackers, webSeeds: webSeeds, peers: invocation.torrent.sources.peers,
      ownAddresses: invocation.session.bindAddresses)
    return isUsed ? invocation.session.dht : nil
  }

  @Test func withoutAnyWordTheWorldIsAsked() throws {
    #expect(try choice("")?.routers == DHTOptions().routers)
    #expect(try choice("", trackers: [["udp://tracker.example:80"]]) != nil)
    #expect(try choice("--no-dht") == nil)
  }

  @Test(arguments: [
    "http://127.0.0.1:6969/announce", "udp://[::1]:6969", "http://localhost/announce",
    "http://192.168.1.7/announce", "udp://10.0.0.1:1",
  ])
  func aSwarmOfOnesOwnStaysHome(tracker: String) throws {
    #expect(try choice("", trackers: [[tracker]]) == nil)
    #expect(try choice("--dht", trackers: [[tracker]]) != nil)
    #expect(try choice("--dht-bootstrap 127.0.0.1:1", trackers: [[tracker]]) != nil)
    #expect(try choice("", trackers: [[tracker], ["http://tracker.example/announce"]]) != nil)
    #expect(try choice("", trackers: [[tracker]], webSeeds: ["http://seed.example/"]) != nil)
    #expect(try choice("--peer 192.0.2.1:1", trackers: [[tracker]]) != nil)
  }

  @Test func givenPeersAndAddressesCountAsWell() throws {
    #expect(try choice("--peer 127.0.0.1:1") == nil)
    #expect(try choice("--peer [fd00::1]:1 --peer 10.0.0.1:1") == nil)
    #expect(try choice("--peer 192.0.2.1:1") != nil)
    #expect(try choice("", webSeeds: ["http://127.0.0.1/x"]) == nil)
    #expect(try choice("--bind 127.0.0.1") == nil)
    #expect(try choice("--bind 192.168.1.2") != nil, "its network may lead to the world")
    #expect(try choice("", trackers: [["no URL at all"]]) != nil)
  }

  @Test func placesToJoinAtReplaceThePublicOnes() throws {
    let dht = try choice("--dht-bootstrap router.example:6881 --dht-bootstrap [2001:db8::1]:1")
    #expect(dht?.routers == ["router.example:6881", "[2001:db8::1]:1"])
  }

  @Test(arguments: [
    "--dht-bootstrap router.example", "--dht-bootstrap router.example:0", "--dht-bootstrap :1",
    "--dht-bootstrap 2001:db8::1:80", "--dht-bootstrap röuter.example:1", "--dht-state=",
    "--no-dht --dht-bootstrap router.example:1", "--no-dht --dht-state nodes",
  ])
  func whatMakesNoSenseIsRefused(words: String) {
    #expect(throws: UsageError.self) { try choice(words) }
  }
}
