import Bencode
import Metainfo
import Primitives
import TestSupport
import Testing

@Suite struct MagnetLinkTests {
  static let hex = "08ada5a7a6183aae1e09d831df6748d566095a10"
  static let base32 = "BCW2LJ5GDA5K4HQJ3AY56Z2I2VTASWQQ"

  private func link(_ rest: String) throws(MagnetError) -> MagnetLink {
    try MagnetLink("magnet:?xt=urn:btih:\(Self.hex)\(rest)")
  }

  @Test(arguments: [
    "magnet:?xt=urn:btih:\(hex)", "magnet:?xt=urn:btih:\(base32)",
    "magnet:?xt=urn:btih:\(hex.uppercased())", "MAGNET:?XT=URN:BTIH:\(base32.lowercased())",
    "magnet:?xt=urn%3Abtih%3A\(hex)", "magnet:xt=urn:btih:\(hex)", "magnet:?xt.1=urn:btih:\(hex)",
    "magnet:?dn=a&amp;xt=urn:btih:\(hex)#part", "magnet:?xt=urn:btih:\(hex)&xt=urn:btih:\(base32)",
    "magnet:?xt=urn:sha1:abc&xt=urn:btmh:1220ab&xt=urn:btih:\(hex)", hex, hex.uppercased(), base32,
  ])
  func everyWayToNameATorrentIsRead(text: String) throws {
    #expect(MagnetLink.recognizes(text))
    #expect(try MagnetLink(text).infoHash.description == Self.hex)
  }

  @Test func parametersAreRead() throws {
    let link = try link(
      "&dn=Sintel+the%20movie&xl=129302391&tr=udp%3A%2F%2Ftracker.example%3A6969&tr.2=http://b/a"
        + "&ws=https%3A%2F%2Fexample.org%2Ffiles%2F&x.pe=192.0.2.1:6881&x.pe=[2001:db8::1]:80"
        + "&x.pe=host.example:1&so=0,2,4,6-8&as=ignored&junk")
    #expect(link.name == "Sintel the movie")
    #expect(link.length == 129_302_391)
    #expect(link.trackers == ["udp://tracker.example:6969", "http://b/a"])
    #expect(link.webSeeds == ["https://example.org/files/"])
    #expect(link.peers.map(\.host) == ["192.0.2.1", "2001:db8::1", "host.example"])
    #expect(link.peers.map(\.port) == [6881, 80, 1])
    #expect(link.selectedFiles == [0...0, 2...2, 4...4, 6...8])
  }

  @Test func whatIsWrittenComesBack() throws {
    let text =
      "magnet:?xt=urn:btih:\(Self.hex)&dn=a%20%26b%3D%C3%BC&xl=5&tr=http%3A%2F%2Fa%2F%3Fx%3D1%26y%3D2"
      + "&ws=http%3A%2F%2Fb%2F&x.pe=192.0.2.1:6881&x.pe=[2001:db8::1]:80&so=1,3-5"
    let link = try MagnetLink(text)
    #expect(link.description == text)
    #expect(link.name == "a &b=ü")
    #expect(link.trackers == ["http://a/?x=1&y=2"])
  }

  @Test func aTorrentHasALink() throws {
    var builder = TorrentBuilder(name: "data", pieceLength: 16)
    builder.trackers = [["http://a/announce"], ["udp://b:80"]]
    builder.webSeeds = ["http://d/"]
    let torrent = try TorrentMetainfo(bytes: builder.torrent(content: Array(0..<40)))
    let link = MagnetLink(torrent)
    #expect(try MagnetLink(link.description) == link)
    #expect(link.infoHash == torrent.infoHash)
    #expect(link.length == 40)
    #expect(link.trackers == ["http://a/announce", "udp://b:80"])
  }

  // MARK: - Refused links

  @Test(arguments: [
    "", "http://example.org/x.torrent", "file.torrent", "magnet", "urn:btih:\(hex)",
    String(hex.dropLast()), hex + "0", String(base32.dropLast()) + "1", " \(hex)",
  ])
  func otherTextIsNoMagnet(text: String) {
    #expect(!MagnetLink.recognizes(text))
    #expect(throws: MagnetError.notAMagnet) { try MagnetLink(text) }
  }

  @Test(arguments: [
    "magnet:", "magnet:?", "magnet:?dn=x", "magnet:?xt", "magnet:?xt=", "magnet:?xt=urn:btih",
    "magnet:?xt=urn:sha1:abc", "magnet:?xt=btih:\(hex)", "magnet:?#xt=urn:btih:\(hex)",
  ])
  func aLinkWithoutAHashIsRefused(text: String) {
    #expect(throws: MagnetError.missingHash) { try MagnetLink(text) }
  }

  @Test(arguments: [
    "", "zz", String(hex.dropLast()), hex + "00", String(repeating: "z", count: 40),
    String(repeating: "1", count: 32), "\u{1B}[2J",
  ])
  func aBadHashIsShown(text: String) {
    let shown = text.replacing("\u{1B}", with: "\u{FFFD}")
    #expect(throws: MagnetError.badHash(shown)) { try MagnetLink("magnet:?xt=urn:btih:\(text)") }
  }

  @Test func otherDefectsHaveTheirNames() {
    let other = String(Self.hex.reversed())
    let long = String(repeating: "ab", count: 32)
    let table: [(String, MagnetError)] = [
      ("magnet:?xt=urn:btih:\(Self.hex)&xt=urn:btih:\(other)", .severalTorrents),
      ("magnet:?xt=urn:btmh:1220\(long)", .versionTwoOnly), (long, .versionTwoOnly),
      ("magnet:?xt=urn:btih:\(long)", .versionTwoOnly),
      ("magnet:?xt=urn:btih:%zz", .badEscape(parameter: "xt")),
      ("magnet:?xt=urn:btih:\(Self.hex)&so=%", .badEscape(parameter: "so")),
      ("magnet:?dn=" + String(repeating: "x", count: 65536), .tooLong(limit: 65536)),
    ]
    for (text, error) in table {
      #expect(throws: error) { try MagnetLink(text) }
    }
  }

  @Test(arguments: [
    "x", "-", "1-", "-1", "3-2", "1-2-3", "1;2", "2000001", "99999999999999999999", "+1", "1, 2",
    "0x1",
  ])
  func aBadSelectionIsRefused(text: String) {
    #expect(throws: MagnetError.badSelection(text)) {
      try link("&so=" + PercentEncoding.encode(text.utf8))
    }
  }

  // MARK: - Tolerated links

  @Test func selectionsAreMerged() throws {
    #expect(try link("&so=").selectedFiles == nil)
    #expect(try link("&so=5,1-3,2-4,,9&so=0").selectedFiles == [0...5, 9...9])
    #expect(try link("&so=0-2000000").selectedFiles == [0...2_000_000])
  }

  @Test func optionalParametersThatMakeNoSenseAreLeftOut() throws {
    let plain = MagnetLink(infoHash: try MagnetLink(Self.hex).infoHash)
    for rest in [
      "&dn=", "&xl=-1", "&xl=0", "&xl=x", "&xl=99999999999999999999", "&tr=", "&tr=%",
      "&tr=%1b", "&ws=%ff", "&x.pe=host", "&x.pe=host:0", "&x.pe=host:70000", "&x.pe=::1:80",
      "&x.pe=:80", "&x.pe=[]:80", "&x.pe=a%20b:1", "&x.pe=a/b:1", "&x.pe=\u{202E}:1", "&", "&&=",
      "&tr=" + String(repeating: "x", count: 5000),
    ] {
      #expect(try link(rest) == plain, "\(rest)")
    }
  }

  @Test func listsAreBounded() throws {
    var rest = ""
    for number in 0..<300 { rest += "&tr=http://\(number)/&ws=http://\(number)/&x.pe=h\(number):1" }
    let link = try link(rest + rest)
    #expect(link.trackers.count == 100 && link.webSeeds.count == 100 && link.peers.count == 100)
    #expect(Set(link.trackers).count == 100)
  }

  @Test func aNameCannotSteerTheTerminal() throws {
    #expect(try link("&dn=%1b%5b2Ja%0ab%e2%80%ae").name == "\u{FFFD}[2Ja b\u{FFFD}")
    #expect(try link("&dn=" + String(repeating: "x", count: 9000)).name?.count == 1024)
  }

  @Test func mutatedLinksNeverTrap() {
    var random = SeededRandom(seed: 53)
    let sound = Array(
      "magnet:?xt=urn:btih:\(Self.hex)&dn=a+b&xl=5&tr=http%3A%2F%2Fa%2F&x.pe=[::1]:80&so=1,3-5".utf8
    )
    let alphabet = Array("%&=:?#.-,+[]0aZ\u{0}".utf8)
    var accepted = 0
    for _ in 0..<5000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: bytes.indices, using: &random)
        switch random.next() % 3 {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(alphabet[Int.random(in: alphabet.indices, using: &random)], at: at)
        default: bytes[at] = UInt8.random(in: 0...255, using: &random)
        }
      }
      // A link that is accepted must survive being written.
      guard let link = try? MagnetLink(String(decoding: bytes, as: UTF8.self)) else { continue }
      accepted += 1
      #expect((try? MagnetLink(link.description)) == link)
    }
    #expect(accepted > 500)
  }

  @Test func theTorrentOfALinkCanBeKeptAsAFile() throws {
    var builder = TorrentBuilder(name: "data.bin", pieceLength: 16384)
    builder.isPrivate = true
    builder.infoFields = ["x-unknown": .list([1, .bytes([0xFF])])]
    let original = try TorrentMetainfo(
      bytes: builder.torrent(content: [UInt8](repeating: 7, count: 40000)))
    let link = try MagnetLink(
      "magnet:?xt=urn:btih:\(original.infoHash)&tr=http://one/announce&tr=udp://two:1/announce"
        + "&ws=http://seed/")
    let info = try TorrentInfo(bytes: Array(original.info.originalBytes))
    let read = try TorrentMetainfo(bytes: TorrentMetainfo(info, link: link).fileBytes)
    #expect(read.infoHash == original.infoHash)
    #expect(read.trackers == [["http://one/announce"], ["udp://two:1/announce"]])
    #expect(read.webSeeds == ["http://seed/"])
    #expect(read.isPrivate)
  }

  @Test func aTorrentThatIsWrittenAnewSaysTheSame() throws {
    var builder = TorrentBuilder(name: "data.bin", pieceLength: 16384)
    builder.trackers = [["http://one/announce", "http://other/announce"], ["http://two/announce"]]
    builder.webSeeds = ["http://seed/"]
    builder.comment = "a note"
    builder.createdBy = "somebody"
    builder.creationDate = 951_827_696
    builder.fields = ["nodes": .list([.list([.bytes("host".utf8), 6881])])]
    let original = builder.torrent(content: [UInt8](repeating: 7, count: 40000))
    #expect(try TorrentMetainfo(bytes: original).fileBytes == original)
  }
}
