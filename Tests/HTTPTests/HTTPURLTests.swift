import Primitives
import Testing

@testable import HTTP

@Suite struct HTTPURLTests {
  @Test func partsAreRead() throws {
    let url = try HTTPURL("HTTP://User:p%40ss@Host.Example:8080/a/b?c=d#e")
    #expect(url.host == "host.example" && url.port == 8080 && !url.isSecure)
    #expect(url.target == "/a/b?c=d" && url.path == "/a/b" && url.hasQuery)
    #expect(url.credentials == Array("User:p@ss".utf8))
    #expect(url.text == "http://host.example:8080/a/b?c=d")
  }

  @Test func theUsualPortIsNotWritten() throws {
    #expect(try HTTPURL("http://h:80").text == "http://h/")
    #expect(try HTTPURL("https://h:443/x").authority == "h")
    #expect(try HTTPURL("https://h:80/").authority == "h:80")
    #expect(try HTTPURL("http://h:/").port == 80)
  }

  @Test func literalsOfIPv6AreUnderstood() throws {
    let url = try HTTPURL("http://[2001:DB8::1]:6969?x")
    #expect(url.host == "2001:db8::1" && url.authority == "[2001:db8::1]:6969")
    #expect(url.literalAddress == IPAddress("2001:db8::1") && url.target == "/?x")
  }

  @Test func nothingIsEscapedTwice() throws {
    let url = try HTTPURL("http://h/%FF%00%2f~%C3%A9+&b=%zz&c=[x]|\u{e9} \"")
    #expect(url.target == "/%FF%00%2f~%C3%A9+&b=%25zz&c=%5Bx%5D%7C%C3%A9%20%22")
  }

  @Test(arguments: [
    "", "h", "//h/", "udp://h:1/", "ftp://h/", "http:/h", "http://", "http:///x", "http://ho st/",
    "http://\u{fc}mlaut.example/", "http://h:0/", "http://h:65536/", "http://h:+1/", "http://h:1x/",
    "http://[::1/", "http://[1.2.3.4]/", "http://[::1]x/", "http://[fe80::1%25eth0]/",
    "http://a%2eb/", "http://a\\b/", "http://u%zz@h/", "http://u%0d%0a@h/", "http://h\u{0}/",
    "http://" + String(repeating: "a", count: 254) + "/",
    "http://h/" + String(repeating: "a", count: 16 << 10),
  ])
  func whatIsNoURLIsRefused(text: String) {
    #expect(throws: HTTPError.badURL(String(text.prefix(200)))) { try HTTPURL(text) }
  }

  @Test(arguments: [
    ("http://other/x", "http://other/x"), ("https://other/x", "https://other/x"),
    ("//other:1/x?y", "http://other:1/x?y"), ("/x", "http://h:8/x"), ("x", "http://h:8/a/x"),
    ("../x", "http://h:8/x"), ("../../x", "http://h:8/x"), ("./x/.", "http://h:8/a/x/"),
    ("?q=1", "http://h:8/a/b?q=1"), ("", "http://h:8/a/b?c"), ("#f", "http://h:8/a/b?c"),
    ("x y", "http://h:8/a/x%20y"), ("/x?u=http://v/", "http://h:8/x?u=http://v/"),
  ])
  func referencesAreResolved(reference: String, expected: String) throws {
    let url = try HTTPURL("http://h:8/a/b?c")
    #expect(try url.resolving(reference).text == expected)
  }

  @Test(arguments: ["ftp://h/x", "mailto:x", "http:x", "//", "http://\u{fc}/"])
  func referencesElsewhereAreRefused(reference: String) throws {
    let url = try HTTPURL("http://h:8/a/b?c")
    #expect(throws: HTTPError.self) { try url.resolving(reference) }
  }

  @Test func credentialsDoNotFollowToAnotherHost() throws {
    let url = try HTTPURL("http://u:p@h/a")
    #expect(try url.resolving("/b").credentials != nil)
    #expect(try url.resolving("http://other/b").credentials == nil)
  }
}

@Suite struct HTTPRequestTextTests {
  @Test func aRequestIsWritten() throws {
    let bytes = HTTPRequestText.get(
      try HTTPURL("http://u:p@[::1]:81/x?y"), userAgent: "us/1",
      headers: [(name: "Range", value: "bytes=0-1"), (name: "Evil", value: "a\r\nB: c")],
      keepsAlive: true)
    let expected =
      "GET /x?y HTTP/1.1\r\nHost: [::1]:81\r\nUser-Agent: us/1\r\nAccept: */*\r\n"
      + "Accept-Encoding: identity\r\nConnection: keep-alive\r\nAuthorization: Basic dTpw\r\n"
      + "Range: bytes=0-1\r\n\r\n"
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }

  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
  func base64FollowsItsVectors(text: String, expected: String) {
    #expect(HTTPRequestText.base64(Array(text.utf8)) == expected)
  }
}
