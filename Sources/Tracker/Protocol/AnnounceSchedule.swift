package import Primitives

/// The schedule of announces: decides when each tracker is asked, and which event it is told
/// (BEP 3, BEP 12).
///
/// Trackers are tried tier by tier; the order within a tier is shuffled once. A tracker that
/// answers moves to the front of its tier and is then asked at its interval. One that fails makes
/// way for the next and is retried after a backoff. With `announcesToAll`, every tracker is asked
/// at its own interval instead.
///
/// While no peer is known, the search continues past the first tracker that answers. A tracker that
/// is slow to answer does not hold up the next.
///
/// Each tracker is told `started` until it has answered one such announce, then `completed` until
/// it has answered that, and neither again afterwards.
package struct AnnounceSchedule: Sendable {
  /// An announce that is due now.
  package struct Order: Sendable, Equatable {
    /// The tracker's index in `trackers`.
    package let tracker: Int
    /// The event to report.
    package let event: AnnounceEvent?
  }

  /// The time that a tracker has to answer before the next one is asked too, by whether peers are
  /// needed.
  package static let patience = (hungry: Duration.seconds(1), usual: Duration.seconds(3))
  /// The interval for a local tracker while no peer is known.
  package static let localInterval = Duration.seconds(5)
  /// The maximum number of trackers used.
  package static let maximumTrackers = 100

  /// The state of one tracker.
  struct Entry: Sendable {
    let url: TrackerURL
    var askedAt: Instant?
    /// The time of the latest answer or failure.
    var endedAt: Instant?
    var failures = 0
    var retryDelay = Duration.zero
    var interval = Duration.seconds(1800)
    var minimumInterval: Duration?
    /// The number of consecutive announces made because no peer was known.
    var hungryAnnounces = 0
    var trackerID: [UInt8]?
    var wasToldStarted = false
    var hasConfirmedStarted = false
    var hasConfirmedCompleted = false
    /// A Boolean value indicating whether the answer to the announce under way confirms nothing.
    var isOutdated = false
  }

  /// The number by which a tracker knows us again when our address has changed.
  package let key: UInt32
  private(set) var entries: [Entry] = []
  /// Indices of `entries` by tier, each tier in the order of trial.
  private(set) var tiers: [[Int]]
  /// A Boolean value indicating whether every tracker is asked at its own interval, not only the
  /// first that works.
  package var announcesToAll: Bool
  private var isCompleted = false

  /// Creates a schedule for trackers by tier; a duplicate keeps its first place only.
  package init(
    tiers: [[TrackerURL]], announcesToAll: Bool = false, random: inout SeededRandom
  ) {
    self.announcesToAll = announcesToAll
    var seen: Set<String> = []
    var entries: [Entry] = []
    var kept: [[Int]] = []
    for tier in tiers {
      var indices: [Int] = []
      for url in tier where entries.count < Self.maximumTrackers && seen.insert(url.text).inserted {
        indices.append(entries.count)
        entries.append(Entry(url: url))
      }
      indices.shuffle(using: &random)
      if !indices.isEmpty { kept.append(indices) }
    }
    self.entries = entries
    self.tiers = kept
    key = random.next(upperBound: .max)
  }

  /// The trackers, in the order of the indices in `Order`.
  package var trackers: [TrackerURL] { entries.map(\.url) }

  /// Returns the `tracker id` to send back to a tracker.
  package func trackerID(of tracker: Int) -> [UInt8]? { entries[tracker].trackerID }

  /// The trackers that may list us as a peer and must therefore be told `stopped`.
  package var toldStarted: [Int] { entries.indices.filter { entries[$0].wasToldStarted } }

  /// Returns whether a tracker must still be told that the download is complete.
  package func owesCompleted(to tracker: Int) -> Bool {
    isCompleted && entries[tracker].wasToldStarted && !entries[tracker].hasConfirmedCompleted
  }

  /// Schedules a `completed` announce to each tracker that knows us.
  package mutating func completed() {
    isCompleted = true
  }

  /// Makes a `started` announce due now, also at trackers that have confirmed one.
  package mutating func startAnew() {
    for tracker in entries.indices {
      entries[tracker].hasConfirmedStarted = false
      entries[tracker].isOutdated = entries[tracker].askedAt != nil
      if entries[tracker].failures == 0 { entries[tracker].endedAt = nil }
    }
  }

  // MARK: - Asking

  /// Returns the next announce that is due and marks it as under way; nil if none is due.
  package mutating func nextOrder(now: Instant, needsPeers: Bool) -> Order? {
    guard case .order(let tracker) = search(now: now, needsPeers: needsPeers) else { return nil }
    let order = Order(tracker: tracker, event: event(for: tracker))
    entries[tracker].askedAt = now
    entries[tracker].hungryAnnounces = needsPeers ? entries[tracker].hungryAnnounces + 1 : 0
    if order.event == .started { entries[tracker].wasToldStarted = true }
    return order
  }

  /// Returns the time at which the next order may be due; nil if only an answer can bring one.
  package func deadline(now: Instant, needsPeers: Bool) -> Instant? {
    switch search(now: now, needsPeers: needsPeers) {
    case .order: now
    case .wait(let instant): instant
    }
  }

  private enum SearchResult {
    case order(Int)
    case wait(until: Instant?)
  }

  private func search(now: Instant, needsPeers: Bool) -> SearchResult {
    var earliest: Instant?
    func note(_ instant: Instant) { earliest = min(earliest ?? instant, instant) }
    let patience = needsPeers ? Self.patience.hungry : Self.patience.usual
    var hasWorking = false
    for tracker in tiers.joined() {
      let entry = entries[tracker]
      if let askedAt = entry.askedAt {
        if now < askedAt + patience, !hasWorking, !announcesToAll {
          note(askedAt + patience)
          hasWorking = true
        }
        continue
      }
      // Even a tracker that is not in use is told that the download is complete.
      let owesCompleted = entry.hasConfirmedStarted && owesCompleted(to: tracker)
      if hasWorking && !owesCompleted { continue }
      let due = dueTime(of: tracker, needsPeers: needsPeers)
      if due <= now { return .order(tracker) }
      note(due)
      if entry.failures == 0 && !needsPeers && !announcesToAll { hasWorking = true }
    }
    return .wait(until: earliest)
  }

  private func event(for tracker: Int) -> AnnounceEvent? {
    if !entries[tracker].hasConfirmedStarted { return .started }
    return owesCompleted(to: tracker) ? .completed : nil
  }

  /// Returns the time at which a tracker without an announce under way is due.
  package func dueTime(of tracker: Int, needsPeers: Bool) -> Instant {
    let entry = entries[tracker]
    guard let endedAt = entry.endedAt else { return .zero }
    let isHungryAndLocal = needsPeers && entry.url.isLocal
    if entry.failures > 0 {
      return endedAt + (isHungryAndLocal ? Self.localInterval : entry.retryDelay)
    }
    if entry.hasConfirmedStarted, owesCompleted(to: tracker) { return endedAt }
    guard needsPeers else { return endedAt + entry.interval }
    if isHungryAndLocal { return endedAt + Self.localInterval }
    let doublings = min(max(entry.hungryAnnounces - 1, 0), 10)
    let delay = entry.minimumInterval ?? .seconds(30 << doublings)
    return endedAt + min(delay, entry.interval)
  }

  /// Accounts for a standstill: time that has passed for the trackers but not for us.
  ///
  /// The backoff after a failure does not shrink, because the standstill may have caused the
  /// failure.
  package mutating func grewOlder(by duration: Duration) {
    guard duration > .zero else { return }
    for tracker in entries.indices where entries[tracker].failures == 0 {
      entries[tracker].endedAt = entries[tracker].endedAt.map { $0 - duration }
    }
  }

  // MARK: - Outcomes

  /// Records a tracker's answer.
  package mutating func succeeded(_ order: Order, reply: AnnounceReply, now: Instant) {
    let floor: Duration = entries[order.tracker].url.isLocal ? .seconds(5) : .seconds(30)
    entries[order.tracker].askedAt = nil
    entries[order.tracker].endedAt = now
    entries[order.tracker].failures = 0
    let minimum = reply.minimumInterval.map { max($0, floor) }
    entries[order.tracker].minimumInterval = minimum
    entries[order.tracker].interval = max(reply.interval ?? .seconds(1800), minimum ?? floor, floor)
    if let trackerID = reply.trackerID { entries[order.tracker].trackerID = trackerID }
    switch order.event {
    case _ where entries[order.tracker].isOutdated:
      entries[order.tracker].isOutdated = false
      entries[order.tracker].endedAt = nil
    case .started: entries[order.tracker].hasConfirmedStarted = true
    case .completed: entries[order.tracker].hasConfirmedCompleted = true
    case .stopped, .paused, nil: break
    }
    for tier in tiers.indices {
      guard let place = tiers[tier].firstIndex(of: order.tracker) else { continue }
      tiers[tier].insert(tiers[tier].remove(at: place), at: 0)
    }
  }

  /// Withdraws an announce under way, so that its tracker may be asked anew.
  package mutating func abandoned(_ order: Order) {
    entries[order.tracker].askedAt = nil
    entries[order.tracker].isOutdated = false
  }

  /// Records that a tracker was unreachable or refused.
  ///
  /// The backoff after the n-th failure in a row is 5 + 5·2.5·n² seconds, at most an hour. A jitter
  /// of a tenth spreads the retries of many clients.
  package mutating func failed(_ order: Order, now: Instant, random: inout SeededRandom) {
    let failures = min(entries[order.tracker].failures + 1, 100)
    entries[order.tracker].askedAt = nil
    entries[order.tracker].isOutdated = false
    entries[order.tracker].endedAt = now
    entries[order.tracker].failures = failures
    let seconds = 5 + 12.5 * Double(failures * failures)
    let jitter = Double.random(in: 0.9...1.1, using: &random)
    entries[order.tracker].retryDelay = .seconds(min(seconds * jitter, 3600))
  }
}
