import HTTP
import Metainfo
import Networking
import Primitives
import Swarm
import Tracker

/// The web seeds of a run (BEP 19), with a few connections to each that come and go as needed.
@Reactor
final class WebSeeds {
  /// The maximum number of web seeds.
  private static let maximumSeeds = 32
  /// The maximum number of connections to one web seed.
  private static let maximumConnections = 4
  /// The number of missing bytes that justifies one more connection.
  private static let bytesPerConnection: Int64 = 4 << 20

  private(set) var seeds: [WebSeed] = []
  /// A closure that allocates a board number for a new connection.
  var makeNumber: () -> PeerNumber = { PeerNumber(0) }
  /// A closure called with each block that another peer need not send any more.
  var othersToCancel: (Block, PeerNumber) -> Void = { _, _ in }
  /// A closure called when a web seed is given up.
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
    policy = URLPolicy(.webSeed, allowsLocalURLs: options.session.allowsLocalURLs)
    limiter = options.session.downloadLimiter
    guard !options.torrent.content.seedsOnly else { return }
    for url in (options.torrent.sources.webSeeds ?? torrent.webSeeds).prefix(Self.maximumSeeds) {
      guard let display = Self.display(url) else {
        events.send(
          .webSeed(
            WebSeedReport(
              url: String(url.prefix(80)), state: .givenUp("it is not an http or https URL"))))
        continue
      }
      seeds.append(
        WebSeed(
          url: url, display: display, torrent: torrent, memoryLimit: options.session.memoryLimit / 2
        ))
    }
  }

  /// Returns the URL for display, or nil if it cannot be used.
  private static func display(_ text: String) -> String? {
    do throws(TrackerError) {
      let url = try TrackerURL(text)
      return url.isSupported ? url.display : nil
    } catch {
      return nil
    }
  }

  /// A Boolean value indicating whether any web seed is usable.
  var hasUsable: Bool { seeds.contains { !$0.isGivenUp } }

  /// A Boolean value indicating whether any web seed has delivered data.
  var haveDelivered: Bool { seeds.contains(where: \.hasDelivered) }

  // MARK: - The task

  /// Downloads from all web seeds until closed; each connection is a child task.
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

  /// Maintains one connection to a web seed for as long as it is useful.
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
        // The other sessions may have claimed pieces that the server lacks.
        for session in seed.sessions { session.stop() }
      }
    }
  }

  /// Returns whether to connect: at once for the first slot, later ones once the server has proved
  /// useful.
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

  // MARK: - Coordination

  /// The sessions of all web seeds.
  var sessions: [WebSeedSession] { seeds.flatMap(\.sessions) }

  /// Does the periodic work; called twice a second.
  func tick(now: Instant) {
    for session in sessions { session.tick(now: now) }
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Handles the delivery of a block by a peer while a web seed owed it as well.
  func cancel(_ block: Block, at peer: PeerNumber) {
    sessions.first { $0.number == peer }?.cancel(block)
  }

  /// Tells the board which connections the ledger suspects.
  func updateSuspects(_ ledger: CorruptionLedger) {
    for session in sessions { work.setSuspect(session.number, ledger.isSuspect(session.number)) }
  }

  /// Gives up the web seed behind a connection that delivered corrupt data; returns false if the
  /// number is not ours.
  func ban(_ liar: PeerNumber, reason: String) -> Bool {
    guard let seed = seeds.first(where: { $0.numbers.contains(liar) }) else { return false }
    if !seed.isGivenUp { report(seed, seed.giveUp(reason)) }
    for session in seed.sessions { session.stop() }
    return true
  }

  /// Adds the web seeds' traffic to a snapshot.
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
