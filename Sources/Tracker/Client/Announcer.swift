package import HTTP
package import Networking
package import Primitives

/// Whom an announcer serves.
@Reactor
package protocol AnnouncerDelegate: AnyObject {
  /// How much has been moved.
  var totals: TransferTotals { get }
  /// Whether no peer is known.
  var needsPeers: Bool { get }
  /// Whether nothing more is wanted though something is missing (BEP 21).
  var isPartialSeed: Bool { get }
  /// A tracker named peers.
  func announcer(found peers: [Endpoint], from tracker: String)
  /// A tracker's state has changed.
  func announcer(reports report: TrackerReport)
}

extension AnnouncerDelegate {
  /// By default, nobody is a partial seed.
  package var isPartialSeed: Bool { false }
}

/// Keeps the trackers of one torrent informed, and asks them for peers.
///
/// `AnnounceSchedule` decides; this class does what it says. Announces run side by side in a task
/// group of `run()`, at most one for each tracker. A tracker that fails is tried again later and
/// never ends the run.
@Reactor
package final class Announcer {
  /// The bound on all of `stop()`: telling trackers good-bye may not delay the exit.
  ///
  /// It leaves a part of the two seconds that an interrupted run has for what is saved afterwards.
  package static let farewellTimeout = Duration.milliseconds(1500)
  /// How long a good-bye waits for a tracker that has not answered so far, on this machine or in
  /// this network and elsewhere.
  private static let patience = (
    local: Duration.milliseconds(200), remote: Duration.milliseconds(500)
  )

  /// Told of peers and reports.
  package weak var delegate: (any AnnouncerDelegate)?

  private var schedule: AnnounceSchedule
  private var unusable: [TrackerReport]
  private let infoHash: InfoHash
  private let peerID: PeerID
  private let port: UInt16
  private let key: UInt32
  private let trackers: TrackerGateway
  private var names: PeerNames?
  private let clock: any LoopClock
  private var random: SeededRandom
  private let wakeup = Wakeup()
  private var wasIncomplete: Bool?
  /// How long each tracker took for its latest answer, by its index.
  private var answerTimes: [Int: Duration] = [:]
  private var isStopping = false
  /// How much of the clock's standstill the schedule knows of.
  private var knownStandstill = Duration.zero
  /// How often it is looked for.
  private static let standstillCheck = Duration.seconds(10)

  /// Creates an announcer, which does nothing until it runs.
  ///
  /// - Parameters:
  ///   - tiers: The trackers' URLs (BEP 12).
  ///   - infoHash: The torrent.
  ///   - peerID: How we name ourselves.
  ///   - port: Where we listen.
  ///   - http: The way to HTTP trackers.
  ///   - network: The way to UDP trackers.
  ///   - clock: Measures intervals.
  ///   - random: Shuffles tiers, spreads retries and makes numbers that nobody can foretell.
  ///   - announcesToAll: Whether every tracker is kept informed, not only the first that works.
  ///   - allowsLocalURLs: Whether URLs may lead anywhere on this machine.
  package init(
    tiers: [[String]], infoHash: InfoHash, peerID: PeerID, port: UInt16, http: any HTTPClient,
    network: any Network, clock: any LoopClock, random: SeededRandom, announcesToAll: Bool = false,
    allowsLocalURLs: Bool = false
  ) {
    var random = random
    let (usable, unusable) = Self.sort(tiers)
    schedule = AnnounceSchedule(
      tiers: usable, announcesToAll: announcesToAll, random: &random)
    key = random.next(upperBound: .max)
    self.unusable = unusable
    self.infoHash = infoHash
    self.peerID = peerID
    self.port = port
    trackers = TrackerGateway(
      http: http, network: network, clock: clock, random: SeededRandom(seed: random.next()),
      allowsLocalURLs: allowsLocalURLs)
    self.clock = clock
    self.random = random
    knownStandstill = clock.standstill
    names = PeerNames(network: network, clock: clock) { [weak self] in
      self?.found($0, from: $1)
    }
  }

  private nonisolated static func sort(_ tiers: [[String]]) -> ([[TrackerURL]], [TrackerReport]) {
    var unusable: [TrackerReport] = []
    let usable = tiers.map { tier in
      tier.compactMap { text -> TrackerURL? in
        do throws(TrackerError) {
          let url = try TrackerURL(text)
          if url.isSupported || url.isUDP { return url }
          let error = TrackerError.unsupportedScheme(url.scheme)
          unusable.append(TrackerReport(url: url.display, state: .failed("\(error)")))
        } catch {
          let shown = Printable.text(text.utf8, limit: 80)
          unusable.append(TrackerReport(url: shown, state: .failed("tracker URL is malformed")))
        }
        return nil
      }
    }
    return (usable, Array(unusable.prefix(AnnounceSchedule.maximumTrackers)))
  }

  /// Whether there is a tracker that can be asked at all.
  package var hasTrackers: Bool { !schedule.trackers.isEmpty }

  // MARK: - Running

  /// Whether every tracker is kept informed, not only the first that works.
  package var announcesToAll: Bool {
    get { schedule.announcesToAll }
    set { schedule.announcesToAll = newValue }
  }

  /// Announces until it is stopped or the task is cancelled.
  ///
  /// After it was cancelled it may run again, for another delegate; no tracker notices.
  package func run() async {
    wasIncomplete = delegate.map { $0.totals.left > 0 } ?? true
    for report in unusable { delegate?.announcer(reports: report) }
    unusable = []
    await withDiscardingTaskGroup { group in
      if let names { group.addTask { await names.run() } }
      while !isStopping, !Task.isCancelled {
        let now = clock.now
        noticeStandstill()
        while let order = schedule.nextOrder(now: now, needsPeers: needsPeers) {
          group.addTask { await self.announce(order) }
        }
        await waitForNextOrder()
      }
      group.cancelAll()
    }
  }

  private var needsPeers: Bool { delegate?.needsPeers ?? false }

  private func waitForNextOrder() async {
    if let deadline = schedule.deadline(now: clock.now, needsPeers: needsPeers) {
      _ = await clock.wait(
        for: wakeup, until: min(deadline, clock.now + Self.standstillCheck))
    } else {
      await wakeup.wait()
    }
  }

  /// Trackers count the time for which the process was stopped, and forget who is silent for long.
  private func noticeStandstill() {
    let standstill = clock.standstill
    schedule.grewOlder(by: standstill - knownStandstill)
    knownStandstill = standstill
  }

  /// The download is complete: the trackers are told, each once.
  ///
  /// Does nothing when there was nothing to download at the start of the run, or when only a part of
  /// the torrent was wanted: to trackers, completed means that we are a seed of all of it.
  package func completed() {
    guard wasIncomplete != false, delegate.map({ $0.totals.left == 0 }) ?? true else { return }
    schedule.completed()
    wakeup.fire()
  }

  /// The last known peer is gone: a tracker may be due earlier than before.
  package func peersRanOut() {
    wakeup.fire()
  }

  // MARK: - One announce

  private func announce(_ order: AnnounceSchedule.Order) async {
    let tracker = schedule.trackers[order.tracker]
    delegate?.announcer(reports: TrackerReport(url: tracker.display, state: .announcing))
    var answers = 0
    let start = clock.now
    do throws(TrackerError) {
      let request = request(order.tracker, order.event)
      let early: @Sendable @Reactor ([Endpoint]) -> Void = { self.found($0, from: tracker.display) }
      try await trackers.announce(request, to: tracker, found: early) { reply in
        answers += 1
        if answers == 1 { answerTimes[order.tracker] = clock.now - start }
        guard !isStopping else { return }
        // The second family's answer brings more peers, but the tracker has been asked once.
        if answers == 1 { schedule.succeeded(order, reply: reply, now: clock.now) }
        take(reply, of: order.tracker)
      }
    } catch {
      guard !isStopping else { return }
      guard !Task.isCancelled else { return schedule.abandoned(order) }
      schedule.failed(order, now: clock.now, random: &random)
      var report = TrackerReport(url: tracker.display, state: .failed("\(error)"))
      report.nextAnnounce = timeToNext(order.tracker)
      delegate?.announcer(reports: report)
      wakeup.fire()
    }
  }

  private func take(_ reply: AnnounceReply, of index: Int) {
    let tracker = schedule.trackers[index]
    found(reply.peers, from: tracker.display)
    if !reply.namedPeers.isEmpty { names?.add(reply.namedPeers, from: tracker.display) }
    let state = TrackerReport.State.working(
      peers: reply.peers.count + reply.namedPeers.count, seeders: reply.seeders,
      leechers: reply.leechers,
      next: timeToNext(index))
    var report = TrackerReport(url: tracker.display, state: state, warning: reply.warning)
    report.externalAddress = reply.externalAddress
    report.defect = reply.defect
    delegate?.announcer(reports: report)
    wakeup.fire()
  }

  private func timeToNext(_ tracker: Int) -> Duration {
    max(schedule.dueTime(of: tracker, needsPeers: needsPeers) - clock.now, .zero)
  }

  /// Tells of peers: those of an answer, of one of two answers when the other is still to come, or
  /// those whose names were looked up.
  private func found(_ peers: [Endpoint], from tracker: String) {
    guard !isStopping, !peers.isEmpty else { return }
    delegate?.announcer(found: peers, from: tracker)
  }

  private func request(_ tracker: Int, _ event: AnnounceEvent?) -> AnnounceRequest {
    AnnounceRequest(
      infoHash: infoHash, peerID: peerID, port: port,
      totals: delegate?.totals ?? TransferTotals(uploaded: 0, downloaded: 0, left: 0),
      event: event ?? (delegate?.isPartialSeed == true ? .paused : nil), key: key,
      trackerID: schedule.trackerID(of: tracker))
  }

  // MARK: - Stopping

  /// Ends the run and tells every tracker that knows us, side by side and within `farewellTimeout`.
  ///
  /// A tracker that has not heard yet that the download is complete hears that first. None is waited
  /// for much longer than it took for its answers so far, so one that hangs delays nothing.
  package func stop() async {
    guard !isStopping else { return }
    isStopping = true
    wakeup.fire()
    let trackers = schedule.toldStarted
    guard !trackers.isEmpty else { return }
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { [clock] in await clock.sleep(for: Self.farewellTimeout) }
      group.addTask {
        await self.sayFarewell(to: trackers)
        return false
      }
      _ = await group.next()
      group.cancelAll()
    }
  }

  private func sayFarewell(to trackers: [Int]) async {
    await withDiscardingTaskGroup { group in
      for tracker in trackers {
        group.addTask { await self.sayFarewell(to: tracker) }
      }
    }
  }

  private func sayFarewell(to tracker: Int) async {
    let url = schedule.trackers[tracker]
    let patience = url.isLocal ? Self.patience.local : Self.patience.remote
    let timeout = min(
      max(patience, (answerTimes[tracker] ?? .zero) * 3), Self.farewellTimeout)
    let events: [AnnounceEvent] =
      schedule.owesCompleted(to: tracker) ? [.completed, .stopped] : [.stopped]
    for event in events {
      do throws(TrackerError) {
        try await trackers.announce(request(tracker, event), to: url, timeout: timeout) { _ in }
      } catch {
        // Nobody is left who could use the reason, and the tracker forgets us by itself.
        return
      }
    }
  }
}
