import Foundation
import TestSupport
import Testing

/// Our program downloads from nginx as a web seed (BEP 19), without a tracker and without a peer.
@Suite(
  .serialized, .timeLimit(.minutes(3)),
  .enabled(
    if: TestNeeds.areRequired || TestNeeds.missing(of: ["nginx", "python3", "sha256sum"]).isEmpty,
    "nginx, python3 or sha256sum is missing; Tests/run installs them"))
struct WebSeedInteropTests {
  /// Nothing is fetched twice, but a block or so of a connection that others have to wait for.
  private static let mostBytes = 15_000_003 + 8 * 16384

  private static let folder = InteropPayload.Shape.folder([
    (path: "first file.bin", size: 700_001), (path: "empty", size: 0),
    (path: "inner/50%#?.bin", size: 33), (path: "inner/third \u{e9}.bin", size: 1_300_007),
  ])

  @Test(arguments: [true, false])
  func oneFileIsFetched(hasRanges: Bool) async throws {
    try await Scene.with(.singleFile(size: 15_000_003), hasRanges: hasRanges, path: "payload") {
      scene in
      let log = try await scene.download()
      #expect(log.allSatisfy { $0.status == (hasRanges ? 206 : 200) }, "\(log)")
      if hasRanges {
        #expect((15_000_003..<Self.mostBytes).contains(log.reduce(0) { $0 + $1.bytes }))
        #expect(log.count < 40 && Set(log.map(\.connection)).count <= 4, "\(log)")
      } else {
        #expect(log.count <= 3, "one look and one pass: \(log)")
      }
    }
  }

  @Test(arguments: [true, false])
  func aFolderIsFetched(hasRanges: Bool) async throws {
    try await Scene.with(Self.folder, hasRanges: hasRanges, path: "") { scene in
      let log = try await scene.download()
      if hasRanges { #expect(log.reduce(0) { $0 + $1.bytes } == 2_000_041, "\(log)") }
    }
  }

  /// Through the system's TLS, with and without ranges.
  @Test(
    .enabled("openssl or mount namespaces are missing") {
      if TestNeeds.areRequired { return true }
      return await ThrowAwayAuthority.canBeTrusted
    }, arguments: [true, false])
  func oneFileIsFetchedOverHTTPS(hasRanges: Bool) async throws {
    try await Scene.with(
      .singleFile(size: 15_000_003), hasRanges: hasRanges, isSecure: true, path: "payload"
    ) { scene in
      let log = try await scene.download()
      #expect(log.allSatisfy { $0.status == (hasRanges ? 206 : 200) }, "\(log)")
      if hasRanges {
        #expect((15_000_003..<Self.mostBytes).contains(log.reduce(0) { $0 + $1.bytes }))
      } else {
        #expect(log.count <= 3, "one look and one pass: \(log)")
      }
    }
  }

  @Test func aRedirectIsFollowed() async throws {
    try await Scene.with(.singleFile(size: 3_000_003), hasRanges: true, path: "moved/payload") {
      scene in
      let log = try await scene.download()
      #expect(log.contains { $0.status == 302 } && log.contains { $0.status == 206 }, "\(log)")
    }
  }
}

/// nginx with the data of a torrent that names it.
private struct Scene {
  /// One line of nginx's log.
  struct Entry {
    let status: Int
    let bytes: Int
    let connection: String
  }

  let folder: TemporaryFolder
  let payload: InteropPayload
  /// The authority that the program is made to trust.
  let authority: ThrowAwayAuthority?

  /// Runs `body` with nginx serving the payload, and the torrent naming `path` below its address.
  static func with(
    _ shape: InteropPayload.Shape, hasRanges: Bool, isSecure: Bool = false, path: String,
    _ body: (Scene) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let port = try SilentServer.freePort()
    let authority = isSecure ? try await ThrowAwayAuthority(in: folder.path) : nil
    let payload = try await InteropPayload.make(
      in: folder.path, shape: shape, pieceLength: 64 << 10, tracker: "",
      webSeed: (isSecure ? "https://localhost" : "http://127.0.0.1") + ":\(port)/\(path)")
    try folder.write(
      configuration(folder.path, port: port, hasRanges: hasRanges, isSecure: isSecure),
      to: "nginx.conf")
    // As root, nginx serves as another user, who must be able to read the data.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    let server = try ChildProcess(
      ["nginx", "-e", "stderr", "-p", folder.path, "-c", folder.file("nginx.conf")],
      logsIn: folder.path, label: "nginx")
    try await Condition.wait("nginx runs", timeout: .seconds(10)) {
      guard server.isRunning else {
        throw ProcessError.conditionNotMet("nginx runs: \(server.errors)")
      }
      return FileManager.default.fileExists(atPath: folder.file("nginx.pid"))
    }
    do {
      try await body(Scene(folder: folder, payload: payload, authority: authority))
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  /// Downloads everything and returns nginx's log.
  func download() async throws -> [Entry] {
    let target = try folder.makeFolder("out")
    let command = [try SwiftTorrentBinary.path(), payload.torrent, "-o", target, "--verbose"]
    let process = try ChildProcess(
      authority?.trusted(by: command) ?? command,
      logsIn: folder.path, label: "leech")
    let ending = try await process.wait(timeout: .seconds(60))
    #expect(ending == .exited(0), "\(process.errors)")
    let isComplete = try await payload.isComplete(in: target)
    #expect(isComplete, "\(process.errors)")
    let log = String(
      decoding: FileManager.default.contents(atPath: folder.file("access.log")) ?? Data(),
      as: UTF8.self)
    return log.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 3, let status = Int(words[0]), let bytes = Int(words[1]) else {
        return nil
      }
      return Entry(status: status, bytes: bytes, connection: String(words[2]))
    }
  }

  private static func configuration(_ folder: String, port: UInt16, hasRanges: Bool, isSecure: Bool)
    -> String
  {
    """
    daemon off;
    worker_processes 1;
    pid \(folder)/nginx.pid;
    events { worker_connections 64; }
    http {
      log_format short '$status $body_bytes_sent $connection';
      access_log \(folder)/access.log short;
      client_body_temp_path \(folder)/t1;
      proxy_temp_path \(folder)/t2;
      fastcgi_temp_path \(folder)/t3;
      uwsgi_temp_path \(folder)/t4;
      scgi_temp_path \(folder)/t5;
      server {
        listen 127.0.0.1:\(port)\(isSecure ? " ssl" : "");
        \(isSecure ? "ssl_certificate \(folder)/authority.pem;" : "")
        \(isSecure ? "ssl_certificate_key \(folder)/authority.key;" : "")
        root \(folder)/data;
        \(hasRanges ? "" : "max_ranges 0;")
        location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
      }
    }
    """
  }
}
