package import HTTP
package import Networking
package import Primitives

/// The owner of an announcer, which supplies the torrent's state and receives the results.
@Reactor
package protocol AnnouncerDelegate: AnyObject {
  /// The transfer totals to announce.
  var totals: TransferTotals { get }
  /// A Boolean value indicating whether no peer is known.
  var needsPeers: Bool { get }
  /// A Boolean value indicating whether we want no more data although pieces are missing (BEP 21).
  var isPartialSeed: Bool { get }
  /// Reports peers that a tracker returned.
  func announcer(found peers: [Endpoint], from tracker: String)
  /// Reports a change of a tracker's state.
  func announcer(reports report: TrackerReport)
}

extension AnnouncerDelegate {
  /// A Boolean value indicating whether we are a partial seed; false by default.
  package var isPartialSeed: Bool { false }
}

/// The announcer of one torrent: keeps its trackers informed and asks them for peers.
///
/// `AnnounceSchedule` decides when to announce what; this class carries it out. Announces run
/// concurrently in a task group of `run()`, at most one for each tracker. A tracker that fails is
/// retried later and never ends the run.
@Reactor
package final class Announcer {
  /// The time limit for `stop()` as a whole, so that farewells to trackers do not delay the exit.
  ///
  /// An interrupted run has two seconds to end. The rest of them is left for saving the state.
  package static let farewellTimeout = Duration.milliseconds(1500)
  /// The minimum time limit for a farewell to a tracker, by whether it is on this machine or in a
  /// private network.
  private static let patience = (
    local: Duration.milliseconds(200), remote: Duration.milliseconds(500)
  )

  /// The receiver of peers and reports.
  package weak var delegate: (any AnnouncerDelegate)?

  private var schedule: AnnounceSchedule
  private var unusable: [TrackerReport]
  private let infoHash: InfoHash
  private let peerID: PeerID
  private let port: UInt16
  private let trackers: TrackerGateway
  private let names: PeerNames
  private let clock: any LoopClock
  private var random: SeededRandom
  private let wakeup = Wakeup()
  private var wasIncomplete: Bool?
  /// The response time of each tracker's latest answer, by the tracker's index.
  private var answerTimes: [Int: Duration] = [:]
  private var isStopping = false
  /// The part of the clock's standstill that the schedule has accounted for.
  private var knownStandstill = Duration.zero
  /// The interval between checks for a standstill.
  private static let standstillCheck = Duration.seconds(10)

  /// Creates an announcer that is idle until `run()`.
  ///
  /// - Parameters:
  ///   - tiers: The trackers' URLs (BEP 12).
  ///   - infoHash: The torrent's info-hash.
  ///   - peerID: Our own peer id.
  ///   - port: The port on which we listen.
  ///   - trackers: The client that talks to the trackers, which torrents may share.
  ///   - network: The network that resolves the names of peers.
  ///   - clock: The clock that measures intervals.
  ///   - random: The source for shuffling tiers, for jitter and for unpredictable numbers.
  ///   - announcesToAll: True if every tracker is announced to, not only the first that works.
  package init(
    tiers: [[String]], infoHash: InfoHash, peerID: PeerID, port: UInt16,
    trackers: TrackerGateway, network: any Network, clock: any LoopClock, random: SeededRandom,
    announcesToAll: Bool = false
  ) {
    var random = random
    let (usable, unusable) = Self.sort(tiers)
    schedule = AnnounceSchedule(
      tiers: usable, announcesToAll: announcesToAll, random: &random)
    self.unusable = unusable
    self.infoHash = infoHash
    self.peerID = peerID
    self.port = port
    self.trackers = trackers
    self.clock = clock
    self.random = random
    knownStandstill = clock.standstill
    names = PeerNames(network: network, clock: clock)
  }

  /// Creates an announcer with a tracker client of its own, idle until `run()`.
  package convenience init(
    tiers: [[String]], infoHash: InfoHash, peerID: PeerID, port: UInt16, http: any HTTPClient,
    network: any Network, clock: any LoopClock, random: SeededRandom, announcesToAll: Bool = false,
    allowsLocalURLs: Bool = false
  ) {
    var random = random
    let trackers = TrackerGateway(
      http: http, network: network, clock: clock, random: random.fork(),
      allowsLocalURLs: allowsLocalURLs)
    self.init(
      tiers: tiers, infoHash: infoHash, peerID: peerID, port: port, trackers: trackers,
      network: network, clock: clock, random: random, announcesToAll: announcesToAll)
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

  /// A Boolean value indicating whether any tracker has a usable URL.
  package var hasTrackers: Bool { !schedule.trackers.isEmpty }

  // MARK: - Running

  /// A Boolean value indicating whether every tracker is announced to, not only the first that
  /// works.
  package var announcesToAll: Bool {
    get { schedule.announcesToAll }
    set { schedule.announcesToAll = newValue }
  }

  /// Announces until it is stopped or the task is cancelled.
  package func run() async {
    wasIncomplete = delegate.map { $0.totals.left > 0 } ?? true
    for report in unusable { delegate?.announcer(reports: report) }
    unusable = []
    await withDiscardingTaskGroup { group in
      group.addTask { await self.resolveNames() }
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

  /// Passes on the addresses of peers that trackers give by name, until the task is cancelled.
  private func resolveNames() async {
    while let resolved = await names.next() { found(resolved.peers, from: resolved.tracker) }
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

  /// Tells the schedule how long the process was suspended.
  ///
  /// Trackers count that time, and forget peers that are silent for long.
  private func noticeStandstill() {
    let standstill = clock.standstill
    schedule.grewOlder(by: standstill - knownStandstill)
    knownStandstill = standstill
  }

  /// Schedules `completed` announces, one to each tracker.
  ///
  /// Does nothing if nothing was missing at the start of the run, or if only a part of the torrent
  /// was wanted. To trackers, `completed` means that we have become a seed of the whole torrent.
  package func completed() {
    guard wasIncomplete != false, delegate.map({ $0.totals.left == 0 }) ?? true else { return }
    schedule.completed()
    wakeup.fire()
  }

  /// Tells each tracker in use `started` anew, because the first totals were a guess.
  package func startAnew() {
    schedule.startAnew()
    wakeup.fire()
  }

  /// Wakes the run when the last known peer is gone, because a tracker may now be due earlier.
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
        // The other family's reply adds peers, but to the schedule it is still the same announce.
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
    if !reply.namedPeers.isEmpty { names.add(reply.namedPeers, from: tracker.display) }
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

  /// Passes peers on to the delegate: those of a reply, those of one family while the other's reply
  /// is pending, or those whose host names were resolved.
  private func found(_ peers: [Endpoint], from tracker: String) {
    guard !isStopping, !peers.isEmpty else { return }
    delegate?.announcer(found: peers, from: tracker)
  }

  private func request(_ tracker: Int, _ event: AnnounceEvent?) -> AnnounceRequest {
    AnnounceRequest(
      infoHash: infoHash, peerID: peerID, port: port,
      totals: delegate?.totals ?? TransferTotals(uploaded: 0, downloaded: 0, left: 0),
      event: event ?? (delegate?.isPartialSeed == true ? .paused : nil), key: schedule.key,
      trackerID: schedule.trackerID(of: tracker))
  }

  // MARK: - Stopping

  /// Ends the run and sends `stopped` to every tracker that knows us, within `farewellTimeout`.
  ///
  /// All trackers are told concurrently. One that has not heard yet that the download is complete
  /// is told so first. The time limit for each follows from the response time of its latest answer,
  /// so a hanging tracker delays nothing.
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
        // The run is over, so the reason is of no use; the tracker forgets us by itself.
        return
      }
    }
  }
}
