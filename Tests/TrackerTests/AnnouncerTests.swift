import HTTP
import Networking
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Tracker

/// A client that answers every request from a closure and remembers the URLs.
private final class ScriptedHTTP: HTTPClient {
  private let log = Mutex<[String]>([])
  private let answer: @Sendable (String) -> Result<HTTPResponse, HTTPError>?

  init(_ answer: @escaping @Sendable (String) -> Result<HTTPResponse, HTTPError>?) {
    self.answer = answer
  }

  var urls: [String] { log.withLock { $0 } }

  /// The events of the requests that have one, in order.
  func events(at host: String = "") -> [String] {
    urls.filter { $0.contains(host) }.map { url in
      url.split(separator: "event=").dropFirst().first.map { String($0.prefix { $0 != "&" }) }
        ?? "-"
    }
  }

  func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    log.withLock { $0.append(request.url) }
    if let result = answer(request.url) { return try result.get() }
    // Silence: only the caller's cancellation ends it.
    await Wakeup().wait()
    throw .cancelled
  }

  static func reply(_ text: String) -> Result<HTTPResponse, HTTPError> {
    .success(HTTPResponse(status: 200, body: Array(text.utf8)))
  }
}

/// A downloader that collects the peers and reports of its announcer, and wakes its waiter.
@Reactor
private final class Downloader: AnnouncerDelegate {
  var totals = TransferTotals(uploaded: 0, downloaded: 0, left: 5)
  var needsPeers = false
  var isPartialSeed = false
  var found: [Endpoint] = []
  var reports: [TrackerReport] = []
  let reported = Wakeup()

  func announcer(found peers: [Endpoint], from tracker: String) {
    found += peers
    reported.fire()
  }

  func announcer(reports report: TrackerReport) {
    reports.append(report)
    reported.fire()
  }

  func waitUntil(_ condition: @Reactor () -> Bool) async {
    while !condition() { await reported.wait() }
  }
}

@Suite(.timeLimit(.minutes(5))) struct AnnouncerTests {
  @Reactor
  private func announcer(_ tiers: [[String]], _ http: ScriptedHTTP) throws -> Announcer {
    Announcer(
      tiers: tiers, infoHash: try #require(InfoHash(repeatElement(1, count: 20))),
      peerID: try #require(PeerID(repeatElement(2, count: 20))), port: 7, http: http,
      network: LiveNetwork(), clock: ReactorClock(), random: SeededRandom(seed: 1))
  }

  @Test @Reactor func lifeOfADownloadIsAnnounced() async throws {
    let http = ScriptedHTTP { _ in
      ScriptedHTTP.reply("d8:completei1e8:intervali900e5:peersld2:ip7:1.2.3.44:porti80eeee")
    }
    let announcer = try announcer([["http://t.example/announce"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 2 }
      downloader.totals.left = 0
      announcer.completed()
      await downloader.waitUntil { downloader.reports.count == 4 }
      await announcer.stop()
    }
    #expect(http.events() == ["started", "completed", "stopped"])
    #expect(downloader.found.first == Endpoint("1.2.3.4:80"))
    #expect(downloader.reports[0].state == .announcing)
    guard case .working(peers: 1, seeders: 1, leechers: nil, let next) = downloader.reports[1].state
    else { return #expect(Bool(false), "\(downloader.reports[1])") }
    #expect(next > .seconds(890) && next <= .seconds(900))
  }

  @Test @Reactor func completeFromTheStartIsNeverAnnouncedAsCompleted() async throws {
    let http = ScriptedHTTP { _ in ScriptedHTTP.reply("d8:intervali900ee") }
    let announcer = try announcer([["http://t.example/announce"]], http)
    let downloader = Downloader()
    downloader.totals.left = 0
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 2 }
      announcer.completed()
      await announcer.stop()
    }
    #expect(http.events() == ["started", "stopped"])
  }

  /// The wanted files are complete, but not the whole torrent: no tracker may take that for a seed.
  @Test @Reactor func aPartOfTheTorrentIsNeverAnnouncedAsCompleted() async throws {
    let http = ScriptedHTTP { _ in ScriptedHTTP.reply("d8:intervali900ee") }
    let announcer = try announcer([["http://t.example/announce"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 2 }
      downloader.isPartialSeed = true
      announcer.completed()
      await announcer.stop()
    }
    #expect(http.events() == ["started", "stopped"])
    #expect(http.urls.allSatisfy { $0.contains("&left=5&") })
  }

  @Test @Reactor func failingTrackerDoesNotEndTheRun() async throws {
    let http = ScriptedHTTP { url in
      url.contains("bad") ? .failure(.failed("no")) : ScriptedHTTP.reply("d8:intervali900ee")
    }
    let announcer = try announcer(
      [["http://bad.example/announce"], ["http://good.example/announce"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 4 }
      await announcer.stop()
    }
    #expect(downloader.reports[1].state == .failed("tracker cannot be reached: no"))
    #expect(http.events(at: "good") == ["started", "stopped"])
  }

  @Test @Reactor func silentTrackerDelaysTheExitByTwoSecondsAtMost() async throws {
    let http = ScriptedHTTP { _ in nil }
    let announcer = try announcer([["http://t.example/announce"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    let start = ContinuousClock.now
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 1 }
      await announcer.stop()
    }
    // Not a measurement: the tracker never answers, so without the bound this would not end.
    #expect(ContinuousClock.now - start < .seconds(120))
    #expect(http.events() == ["started", "stopped"])
  }

  @Test @Reactor func unsupportedSchemesAreReportedOnce() async throws {
    let http = ScriptedHTTP { _ in nil }
    let announcer = try announcer(
      [["wss://t.example:80"], ["nonsense"], ["udp://t.example"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 3 }
      await announcer.stop()
    }
    #expect(
      downloader.reports.map(\.state) == [
        .failed("tracker scheme wss is not supported"), .failed("tracker URL is malformed"),
        .failed("tracker URL is malformed"),
      ])
    #expect(http.urls.isEmpty)
  }

  @Test @Reactor func aPeerGivenByNameIsFound() async throws {
    let http = ScriptedHTTP { _ in
      ScriptedHTTP.reply(
        "d8:intervali900e5:peersld2:ip9:localhost4:porti80eed2:ip7:1.2.3.44:porti81eeee<br>")
    }
    let announcer = try announcer([["http://t.example/announce"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.found.count > 1 }
      await announcer.stop()
    }
    #expect(downloader.found.first == Endpoint("1.2.3.4:81"))
    #expect(downloader.found.dropFirst().allSatisfy { $0.address.isLoopback && $0.port == 80 })
    let report = downloader.reports[1]
    guard case .working(peers: 2, _, _, _) = report.state else {
      return #expect(Bool(false), "\(report)")
    }
    #expect(report.defect == "4 bytes after the end of the data, at byte 78")
  }

  @Test @Reactor func cancellationEndsTheRun() async throws {
    let http = ScriptedHTTP { _ in nil }
    let announcer = try announcer([["http://t.example/announce"]], http)
    let downloader = Downloader()
    announcer.delegate = downloader
    await withTaskGroup { group in
      group.addTask { await announcer.run() }
      await downloader.waitUntil { downloader.reports.count == 1 }
      group.cancelAll()
    }
    #expect(http.events() == ["started"])
  }
}
