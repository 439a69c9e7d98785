import Bencode
import PeerWire
import Primitives
import Testing

@Suite struct ExtensionHandshakeTests {
  private func read(_ text: String) -> ExtensionHandshake? {
    ExtensionHandshake(payload: Array(text.utf8))
  }

  @Test func whatIsWrittenComesBack() {
    var handshake = ExtensionHandshake(extensions: [.metadata, .peerExchange])
    handshake.client = "swift-torrent 0.1.0"
    handshake.listeningPort = 6881
    handshake.requestQueue = 2000
    handshake.yourAddress = .v4(0xC000_0201)
    handshake.metadataSize = 31235
    handshake.isUploadOnly = true
    #expect(ExtensionHandshake(payload: handshake.payload) == handshake)
    let text =
      "d1:md11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi2000e"
      + "11:upload_onlyi1e1:v19:swift-torrent 0.1.06:yourip4:"
    #expect(handshake.payload == Array(text.utf8) + [192, 0, 2, 1] + Array("e".utf8))
  }

  @Test func anAddressIsWrittenWithoutItsDisguise() {
    var handshake = ExtensionHandshake()
    handshake.yourAddress = .v6(high: 0, low: 0xFFFF_C000_0201)
    #expect(ExtensionHandshake(payload: handshake.payload)?.yourAddress == .v4(0xC000_0201))
    handshake.yourAddress = .loopback6
    #expect(ExtensionHandshake(payload: handshake.payload)?.yourAddress == .loopback6)
  }

  @Test func everyFieldMayBeMissing() {
    #expect(read("de") == ExtensionHandshake())
  }

  @Test func unsortedKeysUnknownOnesAndTrailingBytesAreTolerated() {
    let handshake = read("d1:v3:abc4:reqqi250e12:complete_agoi5e1:md7:LT_reali9e6:ut_pexi7eee\0\0")
    #expect(handshake?.client == "abc")
    #expect(handshake?.requestQueue == 250)
    #expect(handshake?.extensions == [.peerExchange: 7])
  }

  @Test(arguments: [
    "d1:mi5ee", "d1:md6:ut_pexi-1eee", "d1:md6:ut_pexi256eee", "d1:md6:ut_pex1:1ee", "d1:pi0ee",
    "d1:pi65536ee", "d1:pi-1ee", "d4:reqqi-1ee", "d4:reqq3:100e", "d1:vi5ee", "d1:v0:e",
    "d6:yourip5:abcdee", "d13:metadata_sizei0ee", "d13:metadata_sizei-5ee",
    "d13:metadata_sizei31457281ee", "d13:metadata_sizei9223372036854775807ee",
    "d11:upload_only1:1e",
  ])
  func aSenselessFieldCountsAsMissing(text: String) {
    #expect(read(text) == ExtensionHandshake())
  }

  @Test(arguments: [
    "4:reqqi99999999999999999999e", "4:reqqie", "1:vi5e1:v5:later", "13:metadata_sizei1.5e",
    "1:pi-99999999999999999999e", "6:yourip1:x", "1:xi01e1:xi02e",
  ])
  func oneSenselessFieldDoesNotVoidTheOthers(field: String) {
    let handshake = read("d1:md6:ut_pexi7e11:ut_metadatai99999999999999999999ee\(field)e")
    #expect(handshake == read("d1:md6:ut_pexi7eee"))
    #expect(handshake?.extensions == [.peerExchange: 7])
  }

  @Test(arguments: [(0, 1), (1, 1), (1999, 1999), (2001, 2000), (Int64.max, 2000)])
  func theQueueIsClamped(said: Int64, kept: Int) {
    #expect(read("d4:reqqi\(said)ee")?.requestQueue == kept)
  }

  @Test func theLargestMetadataIsAccepted() {
    #expect(read("d13:metadata_sizei31457280ee")?.metadataSize == 31_457_280)
  }

  @Test func aNameCannotSteerTheTerminal() {
    let name = "\u{1B}[2Jµ\u{202E}Torrent\n\u{0}3"
    #expect(read("d1:v\(name.utf8.count):\(name)e")?.client == "[2JµTorrent3")
    let long = String(repeating: "x", count: 5000)
    #expect(read("d1:v5000:\(long)e")?.client?.count == 64)
    #expect(read("d1:v2:\r\ne") == ExtensionHandshake())
  }

  @Test func whatIsNoDictionaryIsRefused() {
    for text in ["", "i5e", "le", "d", "x", "d1:m", "d1:md6:ut_pexi7e"] {
      #expect(read(text) == nil)
    }
  }

  @Test func deepAndLongInputIsRefused() {
    #expect(read(String(repeating: "l", count: 60_000)) == nil)
    #expect(
      read("d1:x\(String(repeating: "l", count: 20))\(String(repeating: "e", count: 20))e") == nil)
    #expect(read("d1:vi5e1:xl\(String(repeating: "i1e", count: 9000))ee") == nil)
    #expect(read("d1:v70000:\(String(repeating: "x", count: 70000))e") == nil)
  }

  @Test func mutatedHandshakesNeverTrap() {
    var handshake = ExtensionHandshake(extensions: [.metadata, .peerExchange])
    handshake.client = "client"
    handshake.requestQueue = 500
    handshake.metadataSize = 1000
    handshake.yourAddress = .loopback4
    let sound = handshake.payload
    for length in sound.indices {
      #expect(ExtensionHandshake(payload: Array(sound[..<length])) == nil)
    }
    var random = SeededRandom(seed: 10)
    for _ in 0..<5000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: bytes.indices, using: &random)
        bytes[at] = UInt8.random(in: 0...255, using: &random)
      }
      guard let read = ExtensionHandshake(payload: bytes) else { continue }
      #expect((1...2000).contains(read.requestQueue ?? 1))
      #expect((1...31_457_280).contains(read.metadataSize ?? 1))
    }
  }
}
