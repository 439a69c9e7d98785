import Foundation
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// A URL of a .torrent that redirects to a magnet link, as indexers do it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RedirectedSourceTests {
  private func run(_ words: [String]) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run(
      [try SwiftTorrentBinary.path()] + words, timeout: .seconds(120))
  }

  /// Runs `body` beside a server that redirects every URL to the given one.
  @Reactor
  private func withServer(
    redirectingTo location: String, _ body: @Sendable (String) async throws -> Void
  ) async throws {
    let server = try ScriptedHTTPServer(
      at: Endpoint(address: .loopback4, port: 0), network: LiveNetwork()
    ) { request in
      let target = request.target == "/first.torrent" ? "/second.torrent" : location
      return .lastBytes(ScriptedHTTPServer.response(302, "Location: \(target)\r\n"))
    }
    try await withThrowingTaskGroup { group in
      group.addTask { await server.run() }
      defer {
        server.stop()
        group.cancelAll()
      }
      try await body("http://\(server.endpoint)/first.torrent")
    }
  }

  @Test func itIsTakenAsTheLink() async throws {
    let scene = try OwnSwarmScene()
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url, "-v"],
      label: "seed")
    try await Condition.wait("the tracker knows the seed", timeout: .seconds(60)) {
      seed.errors.contains("next announce in") || !seed.isRunning
    }
    let link =
      "magnet:?xt=urn:btih:\(scene.metainfo.infoHash)&dn=Season #1&tr="
      + PercentEncoding.encode(url.utf8)
    try await withServer(redirectingTo: link) { source in
      let want = try scene.folder.makeFolder("want")
      let outcome = try await run([source, "-o", want])
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      #expect(try scene.isComplete("want"))

      let other = try scene.folder.makeFolder("other")
      try scene.folder.write("\u{FEFF}\(source)\t\(other)\r\n", to: "list")
      let batch = try await run(["-i", scene.folder.file("list"), "--json"])
      #expect(batch.ending == .exited(0), "\(batch.errors)")
      #expect(batch.output.contains(#""event":"metadata","source":1,"origin":"http:"#))
      #expect(try scene.isComplete("other"))

      let info = try await run(["info", source])
      #expect(info.output.hasPrefix("name:       data.bin\n"), "\(info.errors)")
      let list = try await run(["--list", source])
      #expect(list.output == "1  2.86 MiB  data.bin\n", "\(list.errors)")
      let verified = try await run(["verify", source, "-o", want])
      #expect(verified.ending == .exited(0), "\(verified.errors)")
      let scraped = try await run(["scrape", source])
      #expect(scraped.output.contains("1 seeding"), "\(scraped.errors)")
    }
    await seed.stop()
    await tracker.stop()
  }

  @Test func whatIsNoLinkIsRefused() async throws {
    let folder = try TemporaryFolder()
    for (location, status, words) in [
      ("magnet:?dn=nothing", Int32(27), "has no info-hash"),
      ("ftp://host/x.torrent", 6, "redirects to a URL of the scheme ftp"),
      ("file:///etc/passwd", 6, "redirects to a URL of the scheme file"),
    ] {
      try await withServer(redirectingTo: location) { source in
        for command in [["-o", folder.file("out")], ["info"], ["--list"]] {
          let outcome = try await run(command + [source])
          #expect(outcome.ending == .exited(status), "\(outcome.errors)")
          #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
      }
    }
    withExtendedLifetime(folder) {}
  }
}
