import Bencode
import Foundation
import TestSupport
import Testing

/// HTTPS trackers, with a throw-away certificate authority.
@Suite(
  .timeLimit(.minutes(5)), .serialized,
  .enabled("openssl, python3 or mount namespaces are missing; see the line \"left out\"") {
    await HTTPSNeeds.areMet
  })
struct HTTPSTests {
  @Test func certificateOfATrustedAuthorityIsAccepted() async throws {
    let scene = try await HTTPSScene(signer: .authority)
    try await scene.waitUntil("the tracker is asked") { scene.tracker.output.contains("\nGET ") }
    #expect(scene.tracker.output.contains("GET /announce?info_hash="))
    // The download has no peer and would wait for one for ever.
    scene.program.signal(SIGTERM)
    let ending = try await scene.program.wait(timeout: .seconds(5))
    #expect(ending == .signalled(SIGTERM), "\(scene.program.errors)")
    #expect(scene.tracker.output.contains("event=stopped"), "\(scene.tracker.output)")
    await scene.tracker.stop()
  }

  @Test func selfSignedCertificateIsRefusedWithAWordAboutTLS() async throws {
    let scene = try await HTTPSScene(signer: .itself)
    try await scene.waitUntil("the certificate is refused") {
      scene.program.errors.contains("TLS")
    }
    await scene.program.stop()
    #expect(!scene.tracker.output.contains("GET"), "\(scene.tracker.output)")
    await scene.tracker.stop()
  }
}

/// A test that says when the suite did not run, so that a green run cannot hide it.
@Suite struct HTTPSPresenceTests {
  @Test func theSuiteIsNamedWhenItIsLeftOut() async {
    guard await !HTTPSNeeds.areMet else { return }
    TestNeeds.note(
      leftOut: "HTTPSTests",
      because:
        "it needs openssl, python3, unshare and mount namespaces\n\(TestNeeds.namespaceAdvice)")
  }
}

private enum HTTPSNeeds {
  static var areMet: Bool {
    get async {
      if TestNeeds.areRequired { return true }
      guard TestNeeds.missing(of: ["python3"]).isEmpty else { return false }
      return await ThrowAwayAuthority.canBeTrusted
    }
  }
}

/// A tracker that speaks TLS, and our program that asks it.
private struct HTTPSScene {
  let folder: TemporaryFolder
  let tracker: ChildProcess
  let program: ChildProcess

  /// Starts both; the program is made to trust the authority.
  init(signer: ThrowAwayAuthority.Signer) async throws {
    folder = try TemporaryFolder()
    try folder.write(Self.server, to: "server.py")
    let authority = try await ThrowAwayAuthority(in: folder.path, signer: signer)
    let tracker = try ChildProcess(
      ["python3", folder.file("server.py"), folder.file(signer.rawValue)], logsIn: folder.path,
      label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
      tracker.output.contains("\n") || !tracker.isRunning
    }
    let port = try #require(tracker.output.split(separator: "\n").first, "\(tracker.errors)")
    self.tracker = tracker
    let torrent = folder.file("test.torrent")
    try Data(Self.torrent(port: String(port))).write(to: URL(fileURLWithPath: torrent))
    program = try ChildProcess(
      authority.trusted(
        by: [
          try SwiftTorrentBinary.path(), torrent, "-o", folder.file("out"), "--verbose",
        ]), logsIn: folder.path, label: "program")
  }

  /// Waits for a message of one of them; if the program ends before, the error has its output.
  func waitUntil(_ condition: String, _ holds: () -> Bool) async throws {
    do {
      try await Condition.wait(condition, timeout: .seconds(30)) { holds() || !program.isRunning }
    } catch let error as ProcessError {
      throw ProcessError.conditionNotMet("\(error); the program said: \(program.errors)")
    }
    try #require(holds(), "\(program.errors)\n\(TestNeeds.namespaceAdvice)")
  }

  /// One piece of one file.
  private static func torrent(port: String) -> [UInt8] {
    let info: BencodeTree = [
      "length": 16384, "name": "nothing", "piece length": 16384,
      "pieces": .bytes(Array(repeating: 1, count: 20)),
    ]
    let url = BencodeTree.bytes(Array("https://localhost:\(port)/announce".utf8))
    let root: BencodeTree = ["announce": url, "info": info]
    return root.encodedBytes
  }

  /// A server that prints its port, then each request line.
  private static let server = """
    import http.server, ssl, sys
    class Tracker(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            print(self.requestline, flush=True)
            body = b"d8:intervali60e5:peers0:e"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()
    """
}
