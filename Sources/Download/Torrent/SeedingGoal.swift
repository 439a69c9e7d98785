/// The goal at which seeding ends: a share ratio or a time, whichever is reached first.
struct SeedingGoal: Equatable {
  /// The share ratio, as a multiple of the size of the data that is present.
  let ratio: Double?
  /// The seeding time after completion.
  let time: Duration?

  /// Creates the goal from the options; fails if there is none or it is reached from the start.
  init?(_ options: TorrentOptions) {
    ratio = options.limits.seedRatio
    time = options.limits.seedTime
    if let ratio, !(ratio > 0) { return nil }
    if let time, time <= .zero { return nil }
    if ratio == nil, time == nil { return nil }
  }

  /// Returns whether the goal is reached.
  func isReached(shareRatio: Double, after served: Duration) -> Bool {
    if let ratio, shareRatio >= ratio { return true }
    if let time, served >= time { return true }
    return false
  }
}
