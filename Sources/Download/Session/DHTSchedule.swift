import Primitives

/// The decision about when to search the DHT for which torrent.
///
/// A torrent without trackers is searched for at once. For another one the trackers have ten
/// seconds, and its search begins when a download has too few peers or a seed has no working
/// tracker. It then stays in the schedule: its peers are searched for and told of us again and
/// again. At most four searches run at once, and the one that is due longest comes next.
struct DHTSchedule {
  /// The maximum number of searches that run at once.
  static let searchLimit = 4
  /// The time for which trackers may try alone.
  static let patience = Duration.seconds(10)
  /// The pause after the first search, which doubles up to the longest pause.
  static let firstPause = Duration.seconds(15)
  static let longestHungryPause = Duration.seconds(300)
  /// The longest interval between announces; nodes forget us after half an hour.
  static let announcePause = Duration.seconds(900)
  /// The random part of that interval, so that the announces of many torrents spread out.
  static let announceSpread = Duration.seconds(240)
  /// The pause while no node has replied; a search without nodes to query costs nothing.
  static let lonelyPause = Duration.milliseconds(500)

  private struct Entry {
    let torrent: InfoHash
    var due: Instant
    /// A Boolean value indicating whether the torrent has needed the DHT once.
    var hasBegun = false
    var isSearched = false
    var hungryPause = DHTSchedule.firstPause
  }

  /// The torrents in the order in which they joined.
  private var entries: [Entry] = []
  private var running = 0
  private var random: SeededRandom

  /// Creates a schedule without torrents.
  init(random: SeededRandom) {
    self.random = random
  }

  // MARK: - Torrents

  /// Adds a torrent, whose search begins at once if it has no trackers.
  mutating func join(_ torrent: InfoHash, hasTrackers: Bool, now: Instant) {
    leave(torrent)
    entries.append(
      Entry(
        torrent: torrent, due: hasTrackers ? now + Self.patience : now, hasBegun: !hasTrackers))
  }

  /// Removes a torrent; a search that runs for it occupies its place until `ended`.
  mutating func leave(_ torrent: InfoHash) {
    entries.removeAll { $0.torrent == torrent }
  }

  // MARK: - Searches

  /// Returns the torrent to search for now and counts its search as running; nil if there is none.
  ///
  /// `needs` returns the current needs of a torrent, or nil if the DHT must not be used for it now.
  mutating func nextSearch(now: Instant, needs: (InfoHash) -> DHTNeeds?) -> InfoHash? {
    while running < Self.searchLimit, let index = nextIndex, entries[index].due <= now {
      let needs = needs(entries[index].torrent)
      guard let needs, entries[index].hasBegun || needs.areUnmet else {
        entries[index].due = now + Self.patience
        continue
      }
      entries[index].hasBegun = true
      entries[index].isSearched = true
      running += 1
      return entries[index].torrent
    }
    return nil
  }

  /// Notes the end of a search and plans the next one for its torrent.
  ///
  /// - Parameters:
  ///   - torrent: The torrent; nil if it has left in the meantime.
  ///   - needs: Its current needs; nil if the DHT must not be used for it now.
  ///   - isLonely: True if no node has replied to us yet.
  ///   - now: The current time.
  mutating func ended(_ torrent: InfoHash?, needs: DHTNeeds?, isLonely: Bool, now: Instant) {
    running -= 1
    guard let index = entries.firstIndex(where: { $0.torrent == torrent }) else { return }
    entries[index].isSearched = false
    entries[index].due = now + pause(of: index, needs: needs, isLonely: isLonely)
  }

  private mutating func pause(of index: Int, needs: DHTNeeds?, isLonely: Bool) -> Duration {
    guard let needs else { return Self.patience }
    // All torrents together try as often as four.
    if isLonely { return Self.lonelyPause * max(1, entries.count / Self.searchLimit) }
    if !needs.isSeed, needs.areUnmet {
      let pause = entries[index].hungryPause
      entries[index].hungryPause = min(pause * 2, Self.longestHungryPause)
      return pause
    }
    entries[index].hungryPause = Self.firstPause
    guard entries.count > 1 else { return Self.announcePause }
    let spread = Int64.random(in: 0...Self.announceSpread.inNanoseconds, using: &random)
    return Self.announcePause - .nanoseconds(spread)
  }

  /// The time of the next call of `nextSearch`, unless a search ends earlier.
  var deadline: Instant {
    guard running < Self.searchLimit, let nextIndex else { return .distantFuture }
    return entries[nextIndex].due
  }

  /// The torrent that is due first; of equals, the one that joined first.
  private var nextIndex: Int? {
    var best: Int?
    for index in entries.indices where !entries[index].isSearched {
      if best.map({ entries[index].due < entries[$0].due }) ?? true { best = index }
    }
    return best
  }
}
