import Bencode
import Foundation
import Testing

/// The `swift-torrent` that was built with the tests.
private enum BuiltProgram {
  /// Beside the test bundle.
  static let path = URL(filePath: CommandLine.arguments[0])
    .deletingLastPathComponent().appending(path: "swift-torrent").path

  /// Whether it is there and can at least name itself.
  static var isThere: Bool {
    // One that cannot be started is not there.
    let words = (try? output(of: ["/bin/sh", "-c", "'\(path)' --version"])) ?? ""
    return words.hasPrefix("swift-torrent")
  }

  /// What a command has said when it has ended.
  static func output(of command: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}

/// HTTPS trackers, with a throw-away certificate authority.
///
/// URLSession trusts the system's bundle only, so the built program runs in a mount namespace of
/// its own in which the authority's certificate lies over that bundle.
@Suite(.timeLimit(.minutes(3)), .serialized, .enabled(if: BuiltProgram.isThere))
struct HTTPSTests {
  @Test func certificateOfATrustedAuthorityIsAccepted() throws {
    let output = try announce(certificate: "good")
    #expect(output.contains("GET /announce?info_hash="), "\(output)")
  }

  @Test func selfSignedCertificateIsRefusedWithAWordAboutTLS() throws {
    let output = try announce(certificate: "self")
    #expect(output.contains("TLS"), "\(output)")
    #expect(!output.contains("GET /announce"), "\(output)")
  }

  /// Runs the program against an HTTPS tracker until one of them says how the announce ended, and
  /// returns what both have said.
  private func announce(certificate: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      // A folder that stays behind in the temporary directory is no reason to fail.
      try? FileManager.default.removeItem(at: folder)
    }
    try Data(Self.script.utf8).write(to: folder.appending(path: "run"))
    try Data(Self.server.utf8).write(to: folder.appending(path: "server.py"))
    try Data(Self.torrent).write(to: folder.appending(path: "template.torrent"))
    return try BuiltProgram.output(of: [
      "/bin/bash", folder.path + "/run", folder.path, BuiltProgram.path, certificate,
    ])
  }

  /// One piece of one file; the script puts the port in.
  private static let torrent: [UInt8] = {
    let info: BencodeTree = [
      "length": 16384, "name": "nothing", "piece length": 16384,
      "pieces": .bytes(Array(repeating: 1, count: 20)),
    ]
    let root: BencodeTree = ["announce": "https://localhost:PPPPP/announce", "info": info]
    return root.encodedBytes
  }()

  /// Prints its port, then each request line.
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
    while True:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
        if server.server_port > 9999: break
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()
    """

  private static let script = #"""
    set -e
    cd "$1"
    printf 'subjectAltName=DNS:localhost\n' > ext
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem \
      -subj '/CN=Throw-away CA' -days 2 2> log
    openssl req -newkey rsa:2048 -nodes -keyout "$3.key" -out csr -subj /CN=localhost 2>> log
    if [ "$3" = self ]; then
      openssl x509 -req -in csr -signkey self.key -days 2 -extfile ext -out self.pem 2>> log
    else
      openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile ext -out "$3.pem" 2>> log
    fi
    exec {tracker}< <(exec timeout 60 python3 server.py "$3" 2>> log)
    tracker_pid=$!
    trap 'kill $tracker_pid $program_pid 2>> log || true; cat seen log' EXIT
    : > seen
    read -r port <&$tracker
    sed "s/PPPPP/$port/" template.torrent > test.torrent
    # As root a mount namespace is enough; else it takes a user namespace as well.
    user=; [ "$(id -u)" = 0 ] || user='--user --map-root-user'
    exec {program}< <(exec timeout 60 unshare $user -m /bin/sh -c \
      'mount --bind ca.pem /etc/ssl/certs/ca-certificates.crt && exec "$0" test.torrent -o out --port 0' \
      "$2" 2>&1)
    program_pid=$!
    if [ "$3" = self ]; then
      while read -r line <&$program; do echo "$line" >> seen; case "$line" in *TLS*) break;; esac; done
    else
      while read -r line <&$tracker; do echo "$line" >> seen; case "$line" in GET*) break;; esac; done
    fi
    """#
}
