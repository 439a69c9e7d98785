import Metainfo
import Primitives
import Testing

/// Links as they are copied from pages, other URLs and chats.
@Suite struct MagnetTextTests {
  private static let hash = "08ada5a7a6183aae1e09d831df6748d566095a10"
  private static let one = "udp://one.example:1/announce"
  private static let two = "http://two.example/announce?x=1&y=2"

  /// The link that all of the others stand for.
  private static let plain =
    "magnet:?xt=urn:btih:\(hash)&dn=It%27s%20%23%201&xl=5"
    + "&tr=\(escaped(one))&tr=\(escaped(two))&x.pe=192.0.2.1:6881&so=0,2-3"

  private static func escaped(_ text: String) -> String { PercentEncoding.encode(text.utf8) }

  private static func expectWhole(
    _ text: String, name: String? = "It's # 1", sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(MagnetLink.recognizes(text), "\(text)", sourceLocation: sourceLocation)
    let link = try MagnetLink(text)
    #expect(link.infoHash.description == hash, "\(text)", sourceLocation: sourceLocation)
    #expect(link.name == name, "\(text)", sourceLocation: sourceLocation)
    #expect(link.trackers == [one, two], "\(text)", sourceLocation: sourceLocation)
    #expect(link.length == 5, "\(text)", sourceLocation: sourceLocation)
    #expect(link.peers.map(\.host) == ["192.0.2.1"], "\(text)", sourceLocation: sourceLocation)
    #expect(link.selectedFiles == [0...0, 2...3], "\(text)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    ("It's # 1", "It's # 1"), ("#1", "#1"), ("a#", "a#"), ("It&#039;s # 1", "It's # 1"),
    ("It&#39;s", "It's"), ("It&#x27;s", "It's"), ("It&apos;s", "It's"), ("&quot;a&quot;", "\"a\""),
    ("a &lt;b&gt;", "a <b>"), ("Tom & Jerry", "Tom & Jerry"), ("Tom &amp; Jerry", "Tom & Jerry"),
    ("Tom &#38; Jerry", "Tom & Jerry"), ("Tom%20%26%20Jerry", "Tom & Jerry"),
    ("a%26b=c", "a&b=c"), ("a%26amp%3Bb", "a&amp;b"), ("100%", "100%"), ("100% a+b", "100% a b"),
    ("%zz", "%zz"), ("a;b&c;d", "a;b&c;d"), ("&#0;a", "&#0;a"), ("a&#xD800;", "a&#xD800;"),
    ("It&amp;#039;s", "It's"), ("R&D", "R&D"), ("&unknown;", "&unknown;"),
  ])
  func aNameCutsNothing(written: String, name: String) throws {
    let start = "magnet:?xt=urn:btih:\(Self.hash)"
    let rest =
      "&xl=5&tr=\(Self.escaped(Self.one))&tr=\(Self.escaped(Self.two))&x.pe=192.0.2.1:6881&so=0,2-3"
    let isLeading = name.hasPrefix("&")
    // An `&` in front is a separator: there is no name yet that it could be a part of.
    try Self.expectWhole(start + "&dn=" + written + rest, name: isLeading ? nil : name)
  }

  @Test(arguments: ["&amp;", "&#38;", "&#038;", "&#x26;", "&AMP;", "&amp;amp;", "&&amp;", "%26"])
  func everyWayToWriteTheSeparatorIsRead(separator: String) throws {
    try Self.expectWhole(Self.plain.replacing("&", with: separator))
  }

  @Test func aFragmentIsNoPartOfAHashOrNumber() throws {
    let link = try MagnetLink("magnet:?xl=5#a&so=1#b&x.pe=h:1#c&xt=urn:btih:\(Self.hash)#d")
    #expect(link.length == 5 && link.selectedFiles == [1...1] && link.peers.map(\.host) == ["h"])
  }

  @Test func aLinkMayBeEncodedAsAWhole() throws {
    let once = Self.escaped(Self.plain)
    for text in [once, Self.escaped(once), once.replacing("magnet%3A", with: "MAGNET%3a")] {
      try Self.expectWhole(text)
    }
    // Encoded as a whole though its values are not.
    try Self.expectWhole(
      Self.escaped(
        "magnet:?xt=urn:btih:\(Self.hash)&dn=It's # 1&xl=5&tr=\(Self.one)"
          + "&tr=\(Self.escaped(Self.two))&x.pe=192.0.2.1:6881&so=0,2-3"))
  }

  @Test func aLinkMayBeEncodedInPart() throws {
    let query = String(Self.plain.dropFirst("magnet:?".count))
    for text in [
      "magnet:?" + Self.escaped(query), "magnet:%3F" + Self.escaped(query), "magnet:%3f" + query,
      "magnet%3A?" + query, "magnet:?xt=" + Self.escaped(String(query.dropFirst(3))),
      "magnet:?xt=urn:btih:\(Self.hash)" + Self.escaped(String(query.dropFirst(52))),
      Self.plain.replacing("&tr=", with: "%26tr="), Self.plain.replacing("&", with: "%26amp;"),
      Self.plain.replacing("xt=", with: "xt%3D"),
      Self.plain.replacing("&dn=", with: "%26dn%3D"),
    ] {
      try Self.expectWhole(text)
    }
  }

  @Test func anEncodedAmpersandInAValueIsItsOwn() throws {
    let link = try MagnetLink(
      "magnet:?xt=urn:btih:\(Self.hash)&dn=a%26tr%3Db&tr=http%3A%2F%2Fa%2F%3Fx%3D1%26tr%3D2%26dn%3Dy"
    )
    #expect(link.name == "a&tr=b")
    #expect(link.trackers == ["http://a/?x=1&tr=2&dn=y"])
  }

  @Test func aTrackerWithABrokenEscapeIsKeptAsItIs() throws {
    let link = try MagnetLink("magnet:?xt=urn:btih:\(Self.hash)&tr=http://a/announce?k=100%&tr=%")
    #expect(link.trackers == ["http://a/announce?k=100%"])
  }

  @Test(arguments: [
    "magnet", "magnet%", "magnet%3", "magnet%2", "magnetic:?xt", "magnet%2F", "%6Dagnet:",
  ])
  func otherTextIsNoLink(text: String) {
    #expect(!MagnetLink.recognizes(text))
  }

  @Test func textEncodedManyTimesOverEnds() {
    let many = "magnet%" + String(repeating: "25", count: 20_000) + "3A"
    #expect(!MagnetLink.recognizes(many))
    let separators = String(repeating: "%26", count: 20_000)
    #expect(throws: MagnetError.missingHash) { try MagnetLink("magnet:?xt=" + separators) }
    let entities = String(repeating: "&amp;", count: 13_000)
    #expect(throws: MagnetError.missingHash) { try MagnetLink("magnet:?" + entities) }
  }

  @Test func mutatedLinksNeverTrap() {
    var random = SeededRandom(seed: 54)
    let sound = Array(Self.escaped(Self.plain).utf8) + Array("&amp;dn=It&#039;s%26tr=x".utf8)
    let alphabet = Array("%&=:?#;.x2536Damp\0".utf8)
    for _ in 0..<5000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let at = Int.random(in: bytes.indices, using: &random)
        switch random.next() % 3 {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(alphabet[Int.random(in: alphabet.indices, using: &random)], at: at)
        default: bytes[at] = alphabet[Int.random(in: alphabet.indices, using: &random)]
        }
      }
      // A link that is accepted must survive being written.
      guard let link = try? MagnetLink(String(decoding: bytes, as: UTF8.self)) else { continue }
      #expect((try? MagnetLink(link.description)) == link)
    }
  }
}
