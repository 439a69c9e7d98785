/// When serving is enough: whichever of the two comes first.
struct SeedingGoal: Equatable {
  /// How much is sent, as a multiple of the torrent's size.
  let ratio: Double?
  /// How long the data is served after it was complete.
  let time: Duration?

  /// The goal that a run was given; nil when it has none, or one that needs no serving.
  init?(_ options: DownloadOptions) {
    ratio = options.seedRatio
    time = options.seedTime
    if let ratio, !(ratio > 0) { return nil }
    if let time, time <= .zero { return nil }
    if ratio == nil, time == nil { return nil }
  }

  /// Whether enough was sent, or for long enough.
  func isReached(shareRatio: Double, after served: Duration) -> Bool {
    if let ratio, shareRatio >= ratio { return true }
    if let time, served >= time { return true }
    return false
  }
}
