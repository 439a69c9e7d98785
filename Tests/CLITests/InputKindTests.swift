import CLI
import Testing

@Suite struct InputKindTests {
  @Test(arguments: [
    ("", InputKind.empty), ("<!DOCTYPE html><p>", .html), ("\n <HTML>", .html),
    ("\u{FEFF}<!doctype HTML>", .html), ("<?xml version='1.0'?><metalink>", .xml),
    ("<?xml version='1.0'?>\n<!DOCTYPE html>\n<html>", .html), ("{\"error\":1}", .json),
    ("[1]", .json), ("magnet:?xt=urn:btih:x\n", .magnet), ("magnet:?a\nmagnet:?b\n", .urls),
    ("https://example.org/x.torrent\n", .urls), ("hello, world", .text),
    ("%PDF-1.7", .other("a PDF document")), ("BZh9", .archive("bzip2")),
  ])
  func textIsRecognized(text: String, kind: InputKind) {
    #expect(InputKind(Array(text.utf8)) == kind)
  }

  @Test(
    arguments: [
      ([0x1F, 0x8B, 8, 0], InputKind.archive("gzip")), ([0x50, 0x4B, 3, 4], .archive("zip")),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .archive("xz")), ([0xFF, 0xFE, 0x64, 0], .utf16),
      ([0x64, 0, 0x38, 0, 0x3A, 0, 0x61, 0], .utf16),
      ([0, 0x64, 0, 0x38, 0, 0x3A, 0, 0x61], .utf16),
      ([0x7F, 0x45, 0x4C, 0x46], .other("an executable")),
    ] as [([UInt8], InputKind)])
  func bytesAreRecognized(bytes: [UInt8], kind: InputKind) {
    #expect(InputKind(bytes) == kind)
    #expect(!kind.hint.isEmpty)
  }

  @Test func nothingIsSaidAboutBytesOfNoKnownKind() {
    #expect(InputKind([0x64, 0x38, 0x3A, 0x01, 0x02]) == nil)
    #expect(InputKind([0x80, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0x00]) == nil)
  }

  @Test(arguments: [
    ("ftp://host/x.torrent", "http or https"), ("file:///x.torrent", "leave out file://"),
    ("udp://tracker.example:80", "--tracker"), ("ed2k://x", "http or https"),
  ])
  func urlsOfOtherSchemesAreRefusedWithAdvice(url: String, advice: String) throws {
    let failure = try #require(ForeignURL(url)).failure
    #expect(failure.status == .badUsage)
    #expect(failure.hint?.contains(advice) == true)
  }

  @Test(arguments: ["http://h/x", "HTTPS://h/x", "x.torrent", "a b://c", "://x", "./ftp/x"])
  func otherWordsAreNoSuchURLs(word: String) {
    #expect(ForeignURL(word) == nil)
  }
}

@Suite struct HostAndPortTests {
  @Test(arguments: [
    "seed.example:6881", "localhost:1", "192.0.2.1:80", "[2001:db8::1]:80", "a-b_c.x1:65535",
  ])
  func hostsAreRead(text: String) {
    #expect(HostAndPort(text)?.description == text)
  }

  @Test(arguments: [
    "", "host", ":80", "host:", "host:x", "host:65536", "a..b:1", ".a:1", "192.0.2:1",
    "1.2.3.256:1",
    "12:1", "[host]:1", "[192.0.2.1]:1", "2001:db8::1:80", "a b:1", "a/b:1", "hö:1", "a,b:1",
  ])
  func whatIsNoHostIsRefused(text: String) {
    #expect(HostAndPort(text) == nil)
  }
}
