import Foundation
import Metainfo
import TestSupport
import Testing

/// Magnet links and info-hashes on the command line of the real program.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MagnetTests {
  /// A tracker and a seed, for as long as `body` takes.
  private func withSwarm(
    _ body: (OwnSwarmScene, _ tracker: String, _ link: String) async throws -> Void
  ) async throws {
    let scene = try OwnSwarmScene()
    let (tracker, url) = try await scene.startTracker()
    let seed = try scene.start(
      ["seed", scene.torrent, "-o", scene.folder.file("have"), "--tracker", url, "-v"],
      label: "seed")
    try await Condition.wait("the tracker knows the seed", timeout: .seconds(60)) {
      seed.errors.contains("next announce in") || !seed.isRunning
    }
    let escaped = url.replacingOccurrences(of: "/", with: "%2F")
      .replacingOccurrences(of: ":", with: "%3A")
    let link = "magnet:?xt=urn:btih:\(scene.metainfo.infoHash)&dn=a+name&tr=\(escaped)"
    do {
      try await body(scene, url, link)
    } catch {
      Issue.record("\(error); the seed said \(seed.errors)")
    }
    await seed.stop()
    await tracker.stop()
  }

  private func run(_ words: [String]) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run(
      [try SwiftTorrentBinary.path()] + words, timeout: .seconds(120))
  }

  @Test func aLinkIsDownloadedShownAndKept() async throws {
    try await withSwarm { scene, url, link in
      let kept = scene.folder.file("kept.torrent")
      let want = try scene.folder.makeFolder("want")
      let words = [link, "-o", want, "--json", "--save-torrent", kept]
      let outcome = try await run(words)
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      #expect(try scene.isComplete("want"))
      let events = outcome.output.split(separator: "\n")
      let metadata = try #require(events.firstIndex { $0.hasPrefix(#"{"event":"metadata""#) })
      let started = try #require(events.firstIndex { $0.hasPrefix(#"{"event":"started""#) })
      #expect(metadata < started)
      #expect(
        events[metadata].contains(#""name":"data.bin","info_hash":"\#(scene.metainfo.infoHash)""#))
      let read = try TorrentMetainfo(bytes: Array(Data(contentsOf: URL(fileURLWithPath: kept))))
      #expect(read.infoHash == scene.metainfo.infoHash)
      #expect(read.trackers == [[url]])
      // Once more: the file that is kept is the same, and so may stay.
      let again = try await run(words)
      #expect(again.ending == .exited(0), "\(again.errors)")
      try scene.folder.write("something else", to: "kept.torrent")
      let refused = try await run(words)
      #expect(refused.ending == .exited(13), "\(refused.errors)")

      let info = try await run(["info", link])
      #expect(info.ending == .exited(0), "\(info.errors)")
      #expect(info.output.hasPrefix("name:       data.bin\n"))
      #expect(info.output.contains("tracker:    \(url)\n"))
      let list = try await run(["--list", link])
      #expect(list.output == "1  2.86 MiB  data.bin\n", "\(list.errors)")
    }
  }

  @Test func anInfoHashIsEnough() async throws {
    try await withSwarm { scene, url, _ in
      let hash = "\(scene.metainfo.infoHash)".uppercased()
      let want = try scene.folder.makeFolder("want")
      try scene.folder.write("\(hash)\t\(want)\n", to: "list")
      let outcome = try await run(["-i", scene.folder.file("list"), "--tracker", url])
      #expect(outcome.ending == .exited(0), "\(outcome.errors)")
      #expect(try scene.isComplete("want"))
      let verified = try await run(["verify", hash, "-o", want, "--tracker", url])
      #expect(verified.ending == .exited(0), "\(verified.errors)")
      let scraped = try await run(["scrape", "magnet:?xt=urn:btih:\(hash)", "--tracker", url])
      #expect(scraped.output.contains("1 seeding"), "\(scraped.errors)")
    }
  }

  @Test func filesThatTheLinkSelectsMustExist() async throws {
    try await withSwarm { scene, _, link in
      let want = try scene.folder.makeFolder("want")
      let outcome = try await run(["\(link)&so=0,3", "-o", want])
      #expect(outcome.ending == .exited(27))
      #expect(
        outcome.errors.contains("selects file 4, but data.bin has only 1"), "\(outcome.errors)")
      let chosen = try await run(["\(link)&so=3", "-o", want, "--files", "1"])
      #expect(chosen.ending == .exited(0), "\(chosen.errors)")
      #expect(try scene.isComplete("want"))
    }
  }

  @Test func badLinksAreRefused() async throws {
    for (link, words) in [
      ("magnet:?xt=urn:btih:12", "\"12\" is not an info-hash"),
      ("magnet:?dn=nothing", "has no info-hash"),
      ("magnet:?xt=urn:btmh:1220\(String(repeating: "ab", count: 32))", "BitTorrent v2"),
      (String(repeating: "ab", count: 32), "BitTorrent v2"),
    ] {
      for command in [[], ["info"], ["--list"]] {
        let outcome = try await run(command + [link])
        #expect(outcome.ending == .exited(27), "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
      }
    }
  }

  /// A link that nobody answers holds up nobody, and ends with the others when the run is stopped.
  @Test func severalLinksAreFetchedSideBySide() async throws {
    try await withSwarm { scene, url, link in
      let silent = try SilentServer()
      let want = try scene.folder.makeFolder("want")
      let unknown = "magnet:?xt=urn:btih:\(String(repeating: "ab", count: 20))"
      let lines = [unknown, "\(link)\t\(want)", "magnet:?xt=urn:btih:12"]
      try scene.folder.write(lines.joined(separator: "\n"), to: "list")
      let process = try scene.start(
        [
          "-i", scene.folder.file("list"), "--json", "--no-dht", "--peer",
          "127.0.0.1:\(silent.port)",
        ],
        label: "batch")
      try await Condition.wait("what can be done is done", timeout: .seconds(90)) {
        let output = process.output
        return output.contains(#""event":"completed","source":2"#)
          && output.contains(#""event":"failed","source":3,"status":27"#) || !process.isRunning
      }
      #expect(try scene.isComplete("want"))
      process.signal(SIGINT)
      let ending = try await process.wait(timeout: .seconds(60))
      #expect(ending == .signalled(SIGINT), "\(process.errors)")
      #expect(process.output.contains(#"{"event":"stopped","source":1}"#), "\(process.output)")
    }
  }

  @Test func aLinkThatNobodyAnswersEnds() async throws {
    let hash = String(repeating: "ab", count: 20)
    let nobody = try await run([hash, "--no-dht"])
    #expect(nobody.ending == .exited(6), "\(nobody.errors)")
    let outcome = try await run(
      ["info", hash, "--no-dht", "--peer", "127.0.0.1:9", "--metadata-timeout", "2s"])
    #expect(outcome.ending == .exited(2), "\(outcome.errors)")
    #expect(outcome.errors.contains("no peer sent the torrent's metadata within 2 s"))
  }

  @Test func oneFileKeepsOneTorrent() async throws {
    let hash = String(repeating: "ab", count: 20)
    for words in [
      [hash, hash, "--save-torrent", "x"], ["info", hash, "--save-torrent", "-"],
      [hash, "--json", "--save-torrent", "-"], [hash, "--list", "--save-torrent", "-"],
    ] {
      let outcome = try await run(words)
      #expect(outcome.ending == .exited(28), "\(outcome.errors)")
    }
  }
}
