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
  private unowned let swarm: TorrentSwarm
  private let buffers: PieceBuffers
  private let events: EventSink
  private let policy: URLPolicy
  /// The payload of connections that have ended, in bytes.
  private var past: Int64 = 0
  private var wakeups: [Wakeup] = []
  private let closing = Wakeup()
  private var isClosed = false

  /// Creates the web seeds of a torrent, at the URLs that the options or the torrent name.
  init(
    torrent: TorrentMetainfo, options: TorrentOptions, swarm: TorrentSwarm, buffers: PieceBuffers
  ) {
    self.swarm = swarm
    self.buffers = buffers
    events = swarm.events
    policy = URLPolicy(.webSeed, allowsLocalURLs: swarm.session.options.allowsLocalURLs)
    guard !options.content.seedsOnly else { return }
    let memory = swarm.session.options.memoryLimit / 2
    for url in (options.sources.webSeeds ?? torrent.webSeeds).prefix(Self.maximumSeeds) {
      guard let display = Self.display(url) else {
        events.send(
          .webSeed(
            WebSeedReport(
              url: String(url.prefix(80)), state: .givenUp("it is not an http or https URL"))))
        continue
      }
      seeds.append(
        WebSeed(url: url, display: display, torrent: torrent, memoryLimit: memory))
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
    for connection in connections { connection.stop() }
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
      let connection = WebSeedConnection(
        number: swarm.history.makeNumber(), seed: seed, swarm: swarm, buffers: buffers,
        policy: policy)
      seed.connections.append(connection)
      seed.numbers.insert(connection.number)
      if place == 0 { report(seed, .working) }
      let (end, brought) = await connection.run()
      past += brought
      seed.connections.removeAll { $0 === connection }
      guard !isClosed, !Task.isCancelled else { return }
      if case .failed(let error, let file) = end, !seed.isGivenUp {
        report(seed, seed.failed(error, file: file, now: swarm.clock.now))
        // The other connections may have claimed pieces that the server lacks.
        for connection in seed.connections { connection.stop() }
      }
    }
  }

  /// Returns whether to make a connection: the first one at once, further ones when the server has
  /// proved useful.
  private func mayConnect(to seed: WebSeed, place: Int) -> Bool {
    guard swarm.clock.now >= seed.notBefore, !swarm.exchange.board.isComplete else { return false }
    guard place > 0 else { return true }
    return seed.hasDelivered && !seed.sendsWholeFiles && seed.connections.count >= place
      && swarm.exchange.board.remainingBytes > Self.bytesPerConnection * Int64(place)
  }

  private func report(_ seed: WebSeed, _ state: WebSeedReport.State) {
    events.send(.webSeed(WebSeedReport(url: seed.display, state: state)))
    if seed.isGivenUp { swarm.owner.gaveUpWebSeed() }
  }

  // MARK: - Coordination

  /// The connections to all web seeds.
  private var connections: [WebSeedConnection] { seeds.flatMap(\.connections) }

  /// Returns the connection of a number; nil if the number is not that of a web seed.
  func connection(_ number: PeerNumber) -> WebSeedConnection? {
    connections.first { $0.number == number }
  }

  /// Does the periodic work; called twice a second.
  func tick(now: Instant) {
    for connection in connections { connection.tick(now: now) }
    for wakeup in wakeups { wakeup.fire() }
  }

  /// Handles the delivery of a block by a peer while a web seed owed it as well.
  func cancel(_ block: Block, at number: PeerNumber) {
    connection(number)?.cancel(block)
  }

  /// Gives up the web seed behind a connection that delivered corrupt data; returns false if the
  /// number is not that of a web seed.
  func ban(_ liar: PeerNumber, reason: String) -> Bool {
    guard let seed = seeds.first(where: { $0.numbers.contains(liar) }) else { return false }
    if !seed.isGivenUp { report(seed, seed.giveUp(reason)) }
    for connection in seed.connections { connection.stop() }
    return true
  }

  /// Adds the web seeds' contribution to a snapshot.
  func add(to progress: inout ProgressSnapshot) {
    guard !seeds.isEmpty else { return }
    progress.webSeeds = seeds.count { $0.hasDelivered && !$0.isGivenUp && !$0.connections.isEmpty }
    let downloaded = connections.reduce(past) { $0 + swarm.exchange.downloaded(from: $1.number) }
    progress.sources.append(
      SourceSummary(
        source: .webSeed, found: seeds.count, connected: progress.webSeeds,
        downloadedBytes: downloaded))
  }
}
