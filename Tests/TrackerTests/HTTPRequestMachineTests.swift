import Testing

@testable import Tracker

@Suite struct HTTPRequestMachineTests {
  private let request = "GET /announce?info_hash=%FF%00a&x=&y HTTP/1.1\r\nHost: h\r\n\r\n"

  private func actions(_ text: String, chunk: Int) -> [HTTPRequestMachine.Action] {
    var machine = HTTPRequestMachine()
    var actions: [HTTPRequestMachine.Action] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      machine.receive(rest.prefix(chunk))
      rest = rest.dropFirst(chunk)
      while let action = machine.nextAction() { actions.append(action) }
    }
    return actions
  }

  private func status(_ text: String) -> Int? {
    guard case .refuse(let status) = actions(text, chunk: .max).first else { return nil }
    return status
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func cutsDoNotMatter(chunk: Int) {
    let found = actions(request + request, chunk: chunk)
    let expected = HTTPRequestMachine.Action.request(
      HTTPRequestHead(
        path: Array("/announce".utf8),
        query: [
          .init(name: Array("info_hash".utf8), value: [0xFF, 0, 0x61]),
          .init(name: Array("x".utf8), value: []), .init(name: Array("y".utf8), value: []),
        ],
        keepsAlive: true))
    #expect(found == [expected, expected])
  }

  @Test(arguments: [
    ("HTTP/1.1\r\nConnection: close\r\n\r\n", false), ("HTTP/1.0\r\n\r\n", false),
    ("HTTP/1.0\r\nconnection:  Keep-Alive \r\n\r\n", true), ("HTTP/1.1\n\n", true),
  ])
  func connectionHeaderIsHonoured(rest: String, keepsAlive: Bool) {
    guard case .request(let head) = actions("GET / " + rest, chunk: 1).first else {
      return #expect(Bool(false), "no request")
    }
    #expect(head.keepsAlive == keepsAlive)
  }

  @Test(arguments: [
    ("POST / HTTP/1.1\r\n\r\n", 405), ("GET /\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 400),
    ("GET http://h/ HTTP/1.1\r\n\r\n", 400), ("GET /%zz HTTP/1.1\r\n\r\n", 400),
    ("GET /?a=%f HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 413), ("\r\n\r\n", 400), ("\u{0}\n\n", 400),
    ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
  ])
  func badRequestIsRefused(text: String, expected: Int) {
    #expect(status(text) == expected)
  }

  @Test func endlessHeadIsRefused() {
    #expect(actions(String(repeating: "G", count: 100_000), chunk: 10) == [.refuse(status: 431)])
    let long = "GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 8192) + "\r\n\r\n"
    #expect(actions(long, chunk: .max) == [.refuse(status: 431)])
  }

  @Test func numberOfQueryItemsIsBounded() {
    let items = Array(repeating: "a=1", count: 257).joined(separator: "&")
    #expect(status("GET /?\(items) HTTP/1.1\r\n\r\n") == 400)
  }
}
