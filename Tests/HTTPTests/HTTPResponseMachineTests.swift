import Primitives
import Testing

@testable import HTTP

/// The result of a whole response.
private struct Outcome: Equatable {
  var head: HTTPResponseHead?
  var body: [UInt8] = []
  var isOver = false
  var taken = 0
}

private enum Feed {
  /// Feeds bytes in pieces of the given lengths, over and over; then the connection ends, or not.
  static func run(
    _ bytes: [UInt8], cuts: [Int] = [.max], ends: Bool = false
  ) throws(HTTPError) -> Outcome {
    var machine = HTTPResponseMachine()
    var outcome = Outcome()
    var available = 0
    var cut = 0
    while available < bytes.count {
      available += min(max(1, cuts[cut % cuts.count]), bytes.count - available)
      cut += 1
      while !outcome.isOver {
        let step = try machine.receive(bytes[outcome.taken..<available])
        switch step.event {
        case .head(let head): outcome.head = head
        case .body(let count): outcome.body += bytes[outcome.taken..<outcome.taken + count]
        case .end: outcome.isOver = true
        case nil: break
        }
        outcome.taken += step.taken
        if step.event == nil, outcome.taken == available { break }
      }
    }
    if ends, !outcome.isOver {
      try machine.connectionEnded()
      outcome.isOver = true
    }
    return outcome
  }

  static func run(_ text: String, ends: Bool = false) throws(HTTPError) -> Outcome {
    try run(Array(text.utf8), ends: ends)
  }
}

@Suite struct HTTPResponseMachineTests {
  static let good: [(text: String, body: String)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
    ("HTTP/1.0 200 OK\ncontent-length:5\n\nhello", "hello"),
    ("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", ""),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n",
      "hello"
    ),
    ("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab"),
    ("HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", ""),
  ]

  @Test(arguments: good)
  func aResponseIsReadWhateverItsCuts(text: String, body: String) throws {
    let bytes = Array(text.utf8)
    var random = SeededRandom(seed: 5)
    for round in 0..<50 {
      let cuts =
        round == 0
        ? [.max]
        : round == 1
          ? [1]
          : (0..<7).map { _ in
            Int.random(in: 1...9, using: &random)
          }
      let outcome = try Feed.run(bytes, cuts: cuts)
      #expect(outcome.isOver && outcome.body == Array(body.utf8) && outcome.taken == bytes.count)
    }
  }

  @Test(arguments: good)
  func aTruncatedResponseIsNeverWhole(text: String, body: String) {
    let bytes = Array(text.utf8)
    for length in 0..<bytes.count {
      #expect(throws: HTTPError.self) { try Feed.run(Array(bytes[..<length]), ends: true) }
    }
  }

  @Test func bytesBehindTheEndAreLeft() throws {
    let outcome = try Feed.run("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc")
    #expect(outcome.body == [0x61])
  }

  @Test func aBodyWithoutLengthEndsWithTheConnection() throws {
    let outcome = try Feed.run("HTTP/1.1 200 OK\r\n\r\nabc", ends: true)
    #expect(outcome.body == Array("abc".utf8) && outcome.head?.keepsAlive == false)
  }

  @Test func fieldsAreRead() throws {
    let outcome = try Feed.run(
      "HTTP/1.1 206 Partial\r\nLOCATION:  /x \r\nContent-Range: bytes 5-9/20\r\nRetry-After: 7\r\n"
        + "Content-Encoding: gzip\r\n folded\r\nContent-Length: 0\r\n\r\n")
    let head = try #require(outcome.head)
    #expect(head.status == 206 && head.location == "/x" && head.retryAfter == .seconds(7))
    #expect(head.contentRange == .init(range: 5..<10, total: 20))
    #expect(head.isEncoded && head.keepsAlive && head.redirect == nil)
  }

  /// A date is taken relative to the server's own, whatever our clock says.
  @Test(arguments: [
    ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:07 GMT", Duration.seconds(30)),
    ("Wed, 28 Feb 2024 23:59:59 GMT", "Thu, 29 Feb 2024 00:00:09 GMT", .seconds(10)),
    ("Sun, 28 Feb 2100 23:59:50 GMT", "Mon, 01 Mar 2100 00:00:00 GMT", .seconds(10)),
    ("Fri, 31 Dec 1999 23:59:59 GMT", "Sat, 01 Jan 2000 00:00:01 GMT", .seconds(2)),
    ("Sat, 01 Jan 2000 00:00:01 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", .zero),
    ("Sat, 01 Jan 2000 00:00:01 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", .seconds(86_400)),
    ("Sat, 01 Jan 2000 00:00:01 GMT", "Sat, 01 Foo 2000 00:00:09 GMT", nil),
    ("Sat, 01 Jan 2000 00:00:01 GMT", "Sat, 01 Jan 2000 00:00:+9 GMT", nil),
    ("Sat, 01 Jan 2000 00:00:01 GMT", "Sat, 32 Jan 2000 00:00:09 GMT", nil),
    ("now", "Sat, 01 Jan 2000 00:00:09 GMT", nil),
    ("Sat, 01 Jan 2000 00:00:01 GMT", "", nil),
  ])
  func aDateToComeBackIsRead(now: String, then: String, wish: Duration?) throws {
    let outcome = try Feed.run(
      "HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: \(then)\r\nDate: \(now)\r\n\r\n")
    #expect(outcome.head?.retryAfter == wish)
  }

  @Test(arguments: [
    ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.0", "", false),
    ("HTTP/1.0", "Connection: Keep-Alive\r\n", true),
    ("HTTP/1.1", "Connection: foo, close\r\n", false),
  ])
  func theConnectionStaysAsTheServerSays(version: String, field: String, stays: Bool) throws {
    let outcome = try Feed.run("\(version) 200 OK\r\nContent-Length: 0\r\n\(field)\r\n")
    #expect(outcome.head?.keepsAlive == stays)
  }

  @Test(arguments: [
    "bytes 5-4/9", "bytes -5/9", "bytes 5-/9", "bytes */9", "items 0-1/9", "bytes 0-1", "",
    "bytes 0-1/x", "bytes 0-9223372036854775807/*", "bytes 0-99999999999999999999/*",
    "bytes +0-1/2",
  ])
  func aRangeThatMakesNoSenseIsNone(value: String) throws {
    let outcome = try Feed.run(
      "HTTP/1.1 206 X\r\nContent-Range: \(value)\r\nContent-Length: 0\r\n\r\n")
    #expect(outcome.head != nil && outcome.head?.contentRange == nil)
  }

  @Test(arguments: [
    "\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.2 200 OK\r\n", "HTTP/1.1 20 OK\r\n",
    "HTTP/1.1 2000 OK\r\n",
    "HTTP/1.1200 OK\r\n", "HTTP/1.1 +20 OK\r\n", "ICY 200 OK\r\n", "HTTP/1.1 099 X\r\n",
    "HTTP/1.1 101 X\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\r\n: x\r\n",
    "HTTP/1.1 200 OK\r\na b: x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: \r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
  ])
  func whatIsNoResponseIsRefused(text: String) {
    #expect(throws: HTTPError.self) { try Feed.run(text) }
  }

  @Test func headsAreBounded() {
    let endless = "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 20_000)
    #expect(throws: HTTPError.self) { try Feed.run(endless) }
    #expect(throws: HTTPError.self) { try Feed.run(String(repeating: "a", count: 70_000)) }
    let informed = String(repeating: "HTTP/1.1 102 X\r\n\r\n", count: 5000)
    #expect(throws: HTTPError.self) { try Feed.run(informed) }
    let trailer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
      + String(
        repeating: "a: b\r\n", count: 20_000)
    #expect(throws: HTTPError.self) { try Feed.run(trailer) }
  }

  @Test func bodyBytesMayGoStraightToTheirPlace() throws {
    var machine = HTTPResponseMachine()
    #expect(machine.isUntouched && machine.directLength == 0)
    let head = Array("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n".utf8)
    _ = try machine.receive(head[...])
    #expect(machine.directLength == 5_000_000_000 && !machine.isUntouched)
    machine.receivedBody(4_999_999_999)
    #expect(machine.directLength == 1 && !machine.hasEnded)
    machine.receivedBody(1)
    #expect(machine.hasEnded)
  }

  @Test func mutationsNeverTrapOrGoOnForEver() {
    var random = SeededRandom(seed: 77)
    for round in 0..<4000 {
      var bytes = Array(Self.good[round % Self.good.count].text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.insert(bytes[place], at: place)
        default: bytes.remove(at: place)
        }
      }
      let cut = Int.random(in: 1...20, using: &random)
      do throws(HTTPError) {
        let outcome = try Feed.run(bytes, cuts: [cut], ends: true)
        #expect(outcome.isOver && outcome.taken <= bytes.count)
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }
}
