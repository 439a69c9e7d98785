package import Primitives

/// Decides which tracker is asked when, and what it is told (BEP 3, BEP 12).
///
/// Trackers are tried tier by tier, in an order that is shuffled once within each tier. One that
/// answers goes to the front of its tier and is then asked at its interval; one that fails makes
/// way for the next and is tried again later; with `announcesToAll` every tracker is asked at its
/// own interval instead. While no peer is known the search does not end with
/// the first that answers, and a tracker that has not answered for a while holds up nobody.
///
/// Each tracker is told `started` until it has answered once, `completed` until it has answered
/// that once, and nothing of what it has been told already.
package struct AnnounceSchedule: Sendable {
  /// An announce to be made now.
  package struct Order: Sendable, Equatable {
    /// Which tracker, as an index into `trackers`.
    package let tracker: Int
    /// What it is told.
    package let event: AnnounceEvent?
  }

  /// How long a tracker may take before the next one is asked as well: while no peer is known, and
  /// else.
  package static let patience = (hungry: Duration.seconds(1), usual: Duration.seconds(3))
  /// How often a local tracker is asked while no peer is known.
  package static let localInterval = Duration.seconds(5)
  /// The largest number of trackers used.
  package static let maximumTrackers = 100

  /// What is known of one tracker.
  struct Entry: Sendable {
    let url: TrackerURL
    var askedAt: Instant?
    /// When the latest answer or failure came.
    var endedAt: Instant?
    var failures = 0
    var retryDelay = Duration.zero
    var interval = Duration.seconds(1800)
    var minimumInterval: Duration?
    /// How many announces in a row were made for want of peers.
    var hungryAnnounces = 0
    var trackerID: [UInt8]?
    var wasToldStarted = false
    var hasConfirmedStarted = false
    var hasConfirmedCompleted = false
  }

  private(set) var entries: [Entry] = []
  /// Indices of `entries`, by tier and in the order of trial.
  private(set) var tiers: [[Int]]
  /// Whether every tracker is asked at its own interval, not only the first that works.
  package var announcesToAll: Bool
  private var isCompleted = false

  /// Takes the trackers by tier; one that occurs twice keeps its first place.
  package init(
    tiers: [[TrackerURL]], announcesToAll: Bool = false, random: inout SeededRandom
  ) {
    self.announcesToAll = announcesToAll
    var seen: Set<String> = []
    self.tiers = []
    for tier in tiers {
      var indices: [Int] = []
      for url in tier where entries.count < Self.maximumTrackers && seen.insert(url.text).inserted {
        indices.append(entries.count)
        entries.append(Entry(url: url))
      }
      indices.shuffle(using: &random)
      if !indices.isEmpty { self.tiers.append(indices) }
    }
  }

  /// The trackers, by the index that orders use.
  package var trackers: [TrackerURL] { entries.map(\.url) }

  /// What a tracker wants to have sent back.
  package func trackerID(of tracker: Int) -> [UInt8]? { entries[tracker].trackerID }

  /// Who may believe that we take part, and so wants to be told that we stop.
  package var toldStarted: [Int] { entries.indices.filter { entries[$0].wasToldStarted } }

  /// Whether a tracker still has to learn that the download is complete.
  package func owesCompleted(to tracker: Int) -> Bool {
    isCompleted && entries[tracker].wasToldStarted && !entries[tracker].hasConfirmedCompleted
  }

  /// The download is complete; each tracker that knows us is told soon.
  package mutating func completed() {
    isCompleted = true
  }

  // MARK: - Asking

  /// The next announce that is due, which counts as made; nil when none is.
  package mutating func nextOrder(now: Instant, needsPeers: Bool) -> Order? {
    guard case .order(let tracker) = search(now: now, needsPeers: needsPeers) else { return nil }
    let order = Order(tracker: tracker, event: event(for: tracker))
    entries[tracker].askedAt = now
    entries[tracker].hungryAnnounces = needsPeers ? entries[tracker].hungryAnnounces + 1 : 0
    if order.event == .started { entries[tracker].wasToldStarted = true }
    return order
  }

  /// When to look for an order again if nothing else happens; nil when only an answer can bring one.
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
      // A tracker behind one that works is still told that the download is complete.
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

  /// When a tracker that is not being asked is due.
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

  /// So much time has passed for the trackers, and none for us.
  ///
  /// The pause after a failure goes on from where it was: it may have failed because of that.
  package mutating func grewOlder(by duration: Duration) {
    guard duration > .zero else { return }
    for tracker in entries.indices where entries[tracker].failures == 0 {
      entries[tracker].endedAt = entries[tracker].endedAt.map { $0 - duration }
    }
  }

  // MARK: - Outcomes

  /// The tracker answered.
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
    case .started: entries[order.tracker].hasConfirmedStarted = true
    case .completed: entries[order.tracker].hasConfirmedCompleted = true
    case .stopped, .paused, nil: break
    }
    for tier in tiers.indices {
      guard let place = tiers[tier].firstIndex(of: order.tracker) else { continue }
      tiers[tier].insert(tiers[tier].remove(at: place), at: 0)
    }
  }

  /// An announce under way was given up; its tracker may be asked anew.
  package mutating func abandoned(_ order: Order) {
    entries[order.tracker].askedAt = nil
  }

  /// The tracker could not be asked, or refused.
  ///
  /// It is tried again after 5 + 5·2.5·n² seconds for the n-th failure in a row, at most an hour,
  /// give or take a tenth, so that a crowd of clients does not come back all at once.
  package mutating func failed(_ order: Order, now: Instant, random: inout SeededRandom) {
    let failures = min(entries[order.tracker].failures + 1, 100)
    entries[order.tracker].askedAt = nil
    entries[order.tracker].endedAt = now
    entries[order.tracker].failures = failures
    let seconds = 5 + 12.5 * Double(failures * failures)
    let jitter = Double.random(in: 0.9...1.1, using: &random)
    entries[order.tracker].retryDelay = .seconds(min(seconds * jitter, 3600))
  }
}
