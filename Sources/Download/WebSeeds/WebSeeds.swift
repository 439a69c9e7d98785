import HTTP
import Metainfo
import Networking
import Primitives
import Swarm
import Tracker

/// The web seeds of a run (BEP 19): a few connections to each, which come and go as they are of use.
@Reactor
final class WebSeeds {
  /// How many web seeds are used.
  private static let maximumSeeds = 32
  /// How many connections one of them gets.
  private static let maximumConnections = 4
  /// One more connection needs so many bytes that are still missing.
  private static let bytesPerConnection: Int64 = 4 << 20

  private(set) var seeds: [WebSeed] = []
  /// Names a new connection to the board.
  var makeNumber: () -> PeerNumber = { PeerNumber(0) }
  /// Called with each block that another peer need not bring any more.
  var othersToCancel: (Block, PeerNumber) -> Void = { _, _ in }
  /// Called when a web seed is given up for good.
  var gaveUp: () -> Void = {}
  private(set) var past = PastTraffic()

  private let work: PieceWork
  private let environment: Environment
  private let events: EventSink
  private let policy: URLPolicy
  private let limiter: RateLimiter?
  private var wakeups: [Wakeup] = []
  private let closing = Wakeup()
  private var isClosed = false

  init(
    torrent: TorrentMetainfo, options: DownloadOptions, environment: Environment, work: PieceWork,
    events: EventSink
  ) {
    self.work = work
    self.environment = environment
    self.events = events
    policy = URLPolicy(.webSeed, allowsLocalURLs: options.allowsLocalURLs)
    limiter = options.downloadLimiter
    guard !options.keepSeeding else { return }
    for url in (options.webSeeds ?? torrent.webSeeds).prefix(Self.maximumSeeds) {
      guard let display = Self.display(url) else {
        events.send(
          .webSeed(
            WebSeedReport(
              url: String(url.prefix(80)), state: .givenUp("it is no http or https URL"))))
        continue
      }
      seeds.append(
        WebSeed(
          url: url, display: display, torrent: torrent, memoryLimit: options.memoryLimit / 2))
    }
  }

  /// The URL for people; nil when we can't use it.
  private static func display(_ text: String) -> String? {
    do throws(TrackerError) {
      let url = try TrackerURL(text)
      return url.isSupported ? url.display : nil
    } catch {
      return nil
    }
  }

  /// Whether there is anybody to fetch from.
  var hasUsable: Bool { seeds.contains { !$0.isGivenUp } }

  /// Whether any of them has brought something.
  var haveDelivered: Bool { seeds.contains(where: \.hasDelivered) }

  // MARK: - The task

  /// Fetches from all web seeds until closed; each connection is a child task.
  func run() async {
    guard !seeds.isEmpty, !isClosed else { return }
    await withDiscardingTaskGroup { group in
      for seed in seeds {
        for place in 0..<Self.maximumConnections {
          let wakeup = Wakeup()
          wakeups.append(wakeup)
          group.addTask { await self.connect(to: seed, place: place, wakeup) }
        }
      }
      await closing.wait()
      close()
      group.cancelAll()
    }
  }

  /// Ends all connections.
  func close() {
    isClosed = true
    for session in sessions { session.stop() }
    for wakeup in wakeups { wakeup.fire() }
    closing.fire()
  }

  /// Keeps one connection to a web seed for as long as it is of use.
  private func connect(to seed: WebSeed, place: Int, _ wakeup: Wakeup) async {
    while !isClosed, !seed.isGivenUp {
      guard mayConnect(to: seed, place: place) else {
        guard await wakeup.wait() else { return }
        continue
      }
      let session = WebSeedSession(
        number: makeNumber(), seed: seed, work: work, http: environment.http,
        clock: environment.clock, policy: policy, limiter: limiter)
      session.othersToCancel = othersToCancel
      seed.sessions.append(session)
      seed.numbers.insert(session.number)
      if place == 0 { report(seed, .working) }
      let end = await session.run()
      seed.sessions.removeAll { $0 === session }
      past.add(session.traffic)
      guard !isClosed, !Task.isCancelled else { return }
      if case .failed(let error, let file) = end, !seed.isGivenUp {
        report(seed, seed.failed(error, file: file, now: environment.clock.now))
        // What the others have claimed may be what it lacks.
        for session in seed.sessions { session.stop() }
      }
    }
  }

  /// The first connection is made at once, each further one when the one before has proved useful.
  private func mayConnect(to seed: WebSeed, place: Int) -> Bool {
    guard environment.clock.now >= seed.notBefore else { return false }
    guard place > 0 else { return true }
    return seed.hasDelivered && !seed.sendsWholeFiles && seed.sessions.count >= place
      && work.board.remainingBytes > Self.bytesPerConnection * Int64(place)
  }

  private func report(_ seed: WebSeed, _ state: WebSeedReport.State) {
    events.send(.webSeed(WebSeedReport(url: seed.display, state: state)))
    if seed.isGivenUp { gaveUp() }
  }

  // MARK: - What others tell

  /// All connections.
  var sessions: [WebSeedSession] { seeds.flatMap(\.sessions) }

  /// Twice a second.
  func tick(now: Instant) {
    for session in sessions { session.tick(now: now) }
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Another peer has delivered a block that this one owed.
  func cancel(_ block: Block, at peer: PeerNumber) {
    sessions.first { $0.number == peer }?.cancel(block)
  }

  /// Lets the board know which connections the ledger suspects.
  func updateSuspects(_ ledger: CorruptionLedger) {
    for session in sessions { work.setSuspect(session.number, ledger.isSuspect(session.number)) }
  }

  /// Nothing is asked any more of the web seed that lied over this connection; false when the number
  /// is none of ours.
  func ban(_ liar: PeerNumber, reason: String) -> Bool {
    guard let seed = seeds.first(where: { $0.numbers.contains(liar) }) else { return false }
    if !seed.isGivenUp { report(seed, seed.giveUp(reason)) }
    for session in seed.sessions { session.stop() }
    return true
  }

  /// Adds what web seeds have brought to a snapshot.
  func add(to progress: inout ProgressSnapshot, now: Instant) {
    guard !seeds.isEmpty else { return }
    var downloaded = past.downloaded
    progress.wastedBytes += past.wasted
    for session in sessions {
      downloaded += session.traffic.downloaded.total
      progress.wastedBytes += session.traffic.wasted
      progress.downloadRate += session.traffic.downloaded.rate(now: now)
    }
    progress.downloadedBytes += downloaded
    progress.webSeeds = seeds.count { $0.hasDelivered && !$0.isGivenUp && !$0.sessions.isEmpty }
    progress.sources.append(
      SourceSummary(
        source: .webSeed, found: seeds.count, connected: progress.webSeeds,
        downloadedBytes: downloaded))
  }
}
