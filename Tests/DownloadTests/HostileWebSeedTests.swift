import Demo
import HTTP
import Metainfo
import Networking
import Primitives
import TestSupport
import Testing

@testable import Download

/// Web servers that misbehave, and the rules that a run keeps in spite of them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HostileWebSeedTests {
  private static let url = "http://one.example/data.bin"

  /// The misbehaviour of a bad server.
  enum Trick: String, CaseIterable, Sendable {
    case garbage, endlessHead, endlessInterim, hangUp, noContentRange, otherRange, otherTotal
    case tooMuch, tooLittle, twoLengths, compressed, emptyChunks, noContent, notSatisfiable
    case unauthorized, redirectLoop, redirectToOtherScheme, redirectNowhere, wholeFileOfOtherLength

    /// The answer to a request for a range of the content.
    func answer(_ content: [UInt8], _ request: ScriptedHTTPServer.Request)
      -> ScriptedHTTPServer.Answer
    {
      let range = request.range ?? 0..<content.count
      let body = Array(content[range])
      let ends = "\(range.lowerBound)-\(range.upperBound - 1)"
      let head = "HTTP/1.1 206 X\r\n"
      let place = "Content-Range: bytes \(ends)/\(content.count)\r\n"
      func whole(_ head: String, _ body: [UInt8] = body) -> ScriptedHTTPServer.Answer {
        .lastBytes(Array((head + "\r\n").utf8) + body)
      }
      let length = "Content-Length: \(body.count)\r\n"
      switch self {
      case .garbage: return .lastBytes(Array("SSH-2.0-x\r\n".utf8) + body)
      case .endlessHead: return whole(head + String(repeating: "X-A: b\r\n", count: 20_000))
      case .endlessInterim:
        return whole(String(repeating: "HTTP/1.1 100 C\r\n\r\n", count: 9000))
      case .hangUp: return .lastBytes([])
      case .noContentRange: return whole(head + length)
      case .otherRange:
        return whole(head + "Content-Range: bytes 1-\(body.count)/\(content.count)\r\n" + length)
      case .otherTotal:
        return whole(head + "Content-Range: bytes \(ends)/\(content.count + 1)\r\n" + length)
      case .tooMuch:
        return whole(head + place + "Content-Length: \(body.count + 9)\r\n", body + body.prefix(9))
      case .tooLittle: return whole(head + place, body.dropLast())
      case .twoLengths: return whole(head + place + length + "Transfer-Encoding: chunked\r\n")
      case .compressed: return whole(head + place + length + "Content-Encoding: gzip\r\n")
      case .emptyChunks:
        return whole(head + place + "Transfer-Encoding: chunked\r\n", Array("0\r\n\r\n".utf8))
      case .noContent: return whole("HTTP/1.1 204 X\r\n", [])
      case .notSatisfiable: return whole("HTTP/1.1 416 X\r\nContent-Length: 0\r\n", [])
      case .unauthorized: return whole("HTTP/1.1 401 X\r\nContent-Length: 0\r\n", [])
      case .redirectLoop: return whole("HTTP/1.1 302 X\r\nLocation: \(request.target)\r\n", [])
      case .redirectToOtherScheme: return whole("HTTP/1.1 302 X\r\nLocation: file:///x\r\n", [])
      case .redirectNowhere: return whole("HTTP/1.1 302 X\r\n", [])
      case .wholeFileOfOtherLength:
        return whole("HTTP/1.1 200 X\r\nContent-Length: 7\r\n", Array("nothing".utf8))
      }
    }
  }

  @Test(arguments: Trick.allCases)
  func nothingThatAServerSaysSpoilsADownload(trick: Trick) async throws {
    let scene = try await WebSeedScene(seed: 20, size: 400_000, webSeeds: [Self.url])
    let summary = try await scene.swarm.simulation.run {
      let content = scene.swarm.content
      try scene.addServer { trick.answer(content, $0) }
      // An honest peer that takes two minutes, so that the server is asked again and again.
      try scene.swarm.addSeed(host: .init(uploadRate: 3500))
      return try await scene.run()
    }
    #expect(await scene.swarm.output == scene.swarm.content)
    #expect(summary.progress.failedPieces == 0)
    #expect(await scene.reports.contains { $0 != .working }, "it is said what is wrong")
    // Six requests for each try of a redirect, and no more than four tries in two minutes.
    let server = try #require(await scene.servers.first)
    #expect(await server.requests.count <= 24, "\(trick)")
  }

  /// A run that has nobody left does not wait for its deadlines.
  @Test(arguments: [Trick.notSatisfiable, .otherTotal, .redirectToOtherScheme])
  func aRunEndsWithItsLastWebSeed(trick: Trick) async throws {
    let scene = try await WebSeedScene(seed: 21, size: 400_000, webSeeds: [Self.url])
    let error = try await scene.swarm.simulation.run { () async throws -> DownloadError? in
      let content = scene.swarm.content
      try scene.addServer { trick.answer(content, $0) }
      do {
        _ = try await scene.run()
        return nil
      } catch let error as DownloadError {
        return error
      }
    }
    #expect(error == .noPeerSource)
    #expect(await scene.swarm.clock.now - SimulatedClock.origin < .seconds(10))
  }

  @Test func onlyWhatIsChosenIsAskedFor() async throws {
    let scene = try await WebSeedScene(
      seed: 22, size: 1_000_000, webSeeds: ["http://one.example/"]
    ) { builder in
      for (name, length) in [("a", 300_000), ("b", 200_000), ("c", 500_000)] {
        builder.addFile(path: [name], length: Int64(length))
      }
    }
    let places = ["a": 0..<300_000, "b": 300_000..<500_000, "c": 500_000..<1_000_000]
    var sent: [String: Int] = [:]
    sent = try await scene.swarm.simulation.run { () async throws -> [String: Int] in
      let content = scene.swarm.content
      var sent: [String: Int] = [:]
      try scene.addServer { request in
        let name = String(request.target.dropFirst("/data.bin/".count))
        guard let place = places[name] else { return .bytes(ScriptedHTTPServer.response(404)) }
        sent[name, default: 0] += request.range?.count ?? place.count
        return .bytes(ScriptedHTTPServer.file(Array(content[place]), to: request))
      }
      _ = try await scene.run { $0.torrent.content.selection = FileSelection([1]) }
      return sent
    }
    #expect(scene.swarm.files.bytes("data.bin/b") == Array(scene.swarm.content[300_000..<500_000]))
    // The pieces of 65,536 bytes that hold any of it begin at 262,144 and end at 524,288.
    #expect(sent == ["a": 300_000 - 262_144, "b": 200_000, "c": 524_288 - 500_000])
  }

  /// Data that the disk is too slow for is not received early: it waits in the sockets.
  @Test func whatComesWaitsWhileTheDiskIsBehind() async throws {
    let scene = try await WebSeedScene(
      seed: 23, size: 16_000_000, pieceLength: 262_144, webSeeds: [Self.url])
    _ = try await scene.swarm.simulation.run {
      scene.swarm.workers = LateWorkerPool(clock: scene.swarm.clock, delay: .seconds(3))
      try scene.addServer()
      return try await scene.run()
    }
    let ahead = await scene.swarm.events.map { event -> Int64 in
      guard case .progress(let progress) = event else { return 0 }
      return progress.downloadedBytes - progress.verifiedBytes
    }
    let most = try #require(ahead.max())
    // 12 MiB of whole pieces, and the begun ones of four connections.
    #expect(most > 8 << 20 && most < 14 << 20, "\(most)")
  }

  @Test(arguments: ["http", "https"])
  func wholeFilesOverHTTPSMustFitIntoTheMemory(scheme: String) async throws {
    let scene = try await WebSeedScene(seed: 24, size: 400_000, webSeeds: [])
    let torrent = scene.swarm.torrent
    func state(memoryLimit: Int) async -> WebSeedReport.State {
      await WebSeed(
        url: "\(scheme)://one.example/data.bin", display: "", torrent: torrent,
        memoryLimit: memoryLimit
      ).failed(.noRanges, file: 0, now: .zero)
    }
    #expect(await state(memoryLimit: 400_000) == .limited("it does not support range requests"))
    guard case .givenUp = await state(memoryLimit: 399_999) else {
      return #expect(scheme == "http")
    }
    #expect(scheme == "https")
  }
}
