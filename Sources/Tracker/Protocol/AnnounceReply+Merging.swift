import Primitives

extension AnnounceReply {
  /// Returns this reply merged with the same tracker's reply over the other address family (BEP 7).
  ///
  /// The result has the peers of both and the longer of the two intervals.
  func merging(_ other: AnnounceReply) -> AnnounceReply {
    var merged = self
    let known = Set(peers)
    let room = max(0, Self.maximumPeers - peers.count)
    merged.peers += other.peers.lazy.filter { !known.contains($0) }.prefix(room)
    let nameRoom = max(0, Self.maximumNamedPeers - namedPeers.count)
    merged.namedPeers += other.namedPeers.filter { !namedPeers.contains($0) }.prefix(nameRoom)
    merged.defect = defect ?? other.defect
    merged.interval = Self.later(interval, other.interval)
    merged.minimumInterval = Self.later(minimumInterval, other.minimumInterval)
    merged.trackerID = trackerID ?? other.trackerID
    merged.warning = warning ?? other.warning
    merged.seeders = Self.larger(seeders, other.seeders)
    merged.leechers = Self.larger(leechers, other.leechers)
    return merged
  }

  private static func later(_ one: Duration?, _ other: Duration?) -> Duration? {
    guard let one, let other else { return one ?? other }
    return max(one, other)
  }

  private static func larger(_ one: Int?, _ other: Int?) -> Int? {
    guard let one, let other else { return one ?? other }
    return max(one, other)
  }
}
