import Demo
import Download
import HTTP
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

/// Web seeds (BEP 19) as the engine meets them, good and bad, in virtual time.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WebSeedTests {
  private static let url = "http://one.example/data.bin"
  private static let other = "http://two.example/data.bin"

  @Test func aTorrentWithNothingElseCompletes() async throws {
    let scene = try await WebSeedScene(seed: 1, size: 5_000_001, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      try scene.addServer()
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(await scene.sentBytes == 5_000_001, "nothing is fetched twice")
    #expect(summary.progress.wastedBytes == 0 && summary.progress.downloadedBytes == 5_000_001)
    let server = try #require(await scene.servers.first)
    #expect(await server.connectionCount <= 4)
    #expect(await server.requests.count < 30, "77 pieces come in runs")
    #expect(await scene.reports == [.working])
  }

  @Test func filesAreFoundByTheirEscapedNamesAndPaddingIsNotFetched() async throws {
    let scene = try await WebSeedScene(
      seed: 2, size: 331_082, webSeeds: ["http://one.example/root"], zeros: 100_000..<131_072
    ) { builder in
      builder.addFile(path: ["a b", "x#1.bin"], length: 100_000)
      builder.addFile(path: [".pad", "0"], length: 31_072, attributes: "p")
      builder.addFile(path: ["empty"], length: 0)
      builder.addFile(path: ["\u{fc}.bin"], length: 200_003)
      builder.addFile(path: ["last"], length: 7)
    }
    let places = [
      "/root/data.bin/a%20b/x%231.bin": 0..<100_000,
      "/root/data.bin/%C3%BC.bin": 131_072..<331_075, "/root/data.bin/last": 331_075..<331_082,
    ]
    let content = scene.swarm.content
    _ = try await scene.swarm.simulation.run {
      try scene.addServer { request in
        guard let place = places[request.target] else {
          return .bytes(ScriptedHTTPServer.response(404))
        }
        return .bytes(ScriptedHTTPServer.file(Array(content[place]), to: request))
      }
      return try await scene.run()
    }
    let files = scene.swarm.files
    #expect(files.bytes("data.bin/a b/x#1.bin") == Array(content[0..<100_000]))
    #expect(files.bytes("data.bin/\u{fc}.bin") == Array(content[131_072..<331_075]))
    #expect(files.bytes("data.bin/last") == Array(content[331_075...]))
    let targets = await Set(scene.servers[0].requests.map(\.target))
    #expect(targets == Set(places.keys))
  }

  @Test func aLiarIsNotAskedAgain() async throws {
    let scene = try await WebSeedScene(seed: 3, size: 4_000_000, webSeeds: [Self.url, Self.other])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      try scene.addServer { request in
        .bytes(ScriptedHTTPServer.file(content.map { $0 ^ 1 }, to: request))
      }
      try scene.addServer()
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.progress.failedPieces >= 1)
    let reports = await scene.reports
    #expect(
      reports.contains { if case .givenUp(let why) = $0 { why.contains("corrupt") } else { false } }
    )
  }

  @Test func aBusyServerIsLeftAloneForAsLongAsItSays() async throws {
    let scene = try await WebSeedScene(seed: 4, size: 1_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      var refusals = 0
      try scene.addServer { _ in
        refusals += 1
        guard refusals <= 2 else { return nil }
        return .bytes(ScriptedHTTPServer.response(503, "Retry-After: 100\r\n"))
      }
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.duration > .seconds(200) && summary.duration < .seconds(210))
  }

  @Test func aServerThatHangsUpIsTriedAgain() async throws {
    let scene = try await WebSeedScene(seed: 5, size: 3_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      var count = 0
      try scene.addServer { request in
        count += 1
        guard count.isMultiple(of: 3) else { return nil }
        return .lastBytes(Array(ScriptedHTTPServer.file(content, to: request).prefix(100_000)))
      }
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.progress.failedPieces == 0)
  }

  @Test(arguments: [false, true])
  func aServerWithoutRangesIsReadFromFrontToBack(hidesLength: Bool) async throws {
    let scene = try await WebSeedScene(seed: 6, size: 5_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      try scene.addServer { _ in
        hidesLength
          ? .lastBytes(Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8) + content)
          : .bytes(ScriptedHTTPServer.response(200, body: content))
      }
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.progress.downloadedBytes == 5_000_000)
    #expect(await scene.servers[0].requests.count == 2, "one look and one pass")
  }

  /// The response is held up until there is room, rather than read again from the front.
  @Test(arguments: [false, true])
  func aServerWithoutRangesIsReadOnceHoweverLittleMemoryThereIs(hidesLength: Bool) async throws {
    let scene = try await WebSeedScene(seed: 13, size: 5_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      scene.swarm.workers = LateWorkerPool(
        clock: scene.swarm.clock, delay: .milliseconds(300))
      try scene.addServer { _ in
        hidesLength
          ? .lastBytes(Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8) + content)
          : .bytes(ScriptedHTTPServer.response(200, body: content))
      }
      return try await scene.run { $0.session.memoryLimit = 300_000 }
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.progress.downloadedBytes == 5_000_000)
    #expect(await scene.servers[0].requests.count == 2, "one look and one pass")
  }

  /// The pieces that are there already are read past, once.
  @Test func aServerWithoutRangesIsReadPastWhatIsThere() async throws {
    let scene = try await WebSeedScene(seed: 14, size: 3_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      var begun = content
      for piece in [0, 1, 20, 21, 45] { begun[piece * 65536] ^= 1 }
      scene.swarm.files.put("data.bin", begun)
      try scene.addServer { _ in .bytes(ScriptedHTTPServer.response(200, body: content)) }
      return try await scene.run { $0.torrent.output.overwrite = true }
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.progress.wastedBytes == 41 * 65536, "\(summary.progress.wastedBytes)")
    #expect(await scene.servers[0].requests.count == 2, "one look and one pass")
  }

  @Test func aFileThatIsMissingComesFromElsewhere() async throws {
    let scene = try await WebSeedScene(
      seed: 7, size: 2_000_000, webSeeds: ["http://one.example/"]
    ) { builder in
      builder.addFile(path: ["a"], length: 1_000_000)
      builder.addFile(path: ["b"], length: 1_000_000)
    }
    _ = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      try scene.addServer { request in
        guard request.target == "/data.bin/a" else {
          return .bytes(ScriptedHTTPServer.response(404))
        }
        return .bytes(ScriptedHTTPServer.file(Array(content.prefix(1_000_000)), to: request))
      }
      try scene.swarm.addSeed(host: .init(uploadRate: 100_000))
      return try await scene.run()
    }
    let files = scene.swarm.files
    let content = scene.swarm.content
    #expect(files.bytes("data.bin/a") == Array(content.prefix(1_000_000)))
    #expect(files.bytes("data.bin/b") == Array(content.suffix(1_000_000)))
    #expect(
      await scene.reports.contains(.limited("it answered with HTTP status 404")))
  }

  @Test func aSlowServerHoldsUpNobody() async throws {
    let scene = try await WebSeedScene(seed: 8, size: 3_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      try scene.addServer(host: .init(uploadRate: 20_000))
      try scene.swarm.addSeed(host: .init(uploadRate: 600_000))
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    // The peer alone takes five seconds.
    #expect(summary.duration < .seconds(7))
  }

  @Test func aServerThatFallsSilentHoldsUpNobody() async throws {
    let scene = try await WebSeedScene(seed: 9, size: 3_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      try scene.addServer { request in
        .bytes(Array(ScriptedHTTPServer.file(content, to: request).prefix(50_000)))
      }
      try scene.swarm.addSeed(host: .init(uploadRate: 600_000))
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.duration < .seconds(12))
  }

  @Test func aPeerAndAWebSeedShareTheWork() async throws {
    let scene = try await WebSeedScene(seed: 10, size: 6_000_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      try scene.addServer(host: .init(uploadRate: 300_000))
      try scene.swarm.addSeed(host: .init(uploadRate: 300_000))
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    // Alone, each of them takes twenty seconds.
    #expect(summary.duration < .seconds(13))
    #expect(summary.progress.wastedBytes < 1_000_000)
  }

  @Test func unusableURLsAreSaidAndSkipped() async throws {
    let scene = try await WebSeedScene(
      seed: 11, size: 100_000, webSeeds: ["ftp://x/", "http://one.example/data.bin?x", Self.other])
    _ = try await scene.swarm.simulation.run {
      try scene.addServer()
      try scene.addServer()
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    let refused = await scene.reports.filter { if case .givenUp = $0 { true } else { false } }
    #expect(refused.count == 2, "a scheme that is not ours, and a query in a private network")
  }

  @Test func aStoppedRunEndsAtOnce() async throws {
    let scene = try await WebSeedScene(seed: 12, size: 1_000_000, webSeeds: [Self.url])
    let swarm = scene.swarm
    let failure = try await swarm.simulation.run { () async throws -> DownloadError? in
      try scene.addServer { _ in .silence }
      let download = swarm.download()
      _ = swarm.clock.schedule(after: .seconds(3)) { download.stop() }
      return await withTaskGroup(of: DownloadError?.self) { group in
        group.addTask {
          await scene.servers.first?.run(); return nil
        }
        let failure: DownloadError?
        do throws(DownloadError) {
          _ = try await swarm.run(download)
          failure = nil
        } catch {
          failure = error
        }
        scene.servers.first?.stop()
        return failure
      }
    }
    #expect(failure == .cancelled)
    #expect(await swarm.clock.now - SimulatedClock.origin < .seconds(6))
  }
}
