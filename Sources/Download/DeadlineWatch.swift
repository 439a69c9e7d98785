import Primitives

/// Tells when a download that exchanges data has waited too long for something.
///
/// The bound on the whole run is not among what it watches, because that begins with the check.
struct DeadlineWatch {
  /// What is known of the run at one moment.
  struct Facts {
    /// Payload that came so far and was of use, in bytes.
    let usefulBytes: Int64
    /// How many sources of data are connected.
    let connectedPeers: Int
    /// Whether a peer or a tracker has ever answered.
    let hasReachedAnybody: Bool
  }

  /// How finely the time of a speed floor is cut: a run is too slow after at most so much more.
  private static let samplesPerStretch = 50

  private let deadlines: DownloadDeadlines
  private var usefulBytes: Int64 = 0
  private var lastUseful: Instant
  private var lastPeer: Instant
  /// How much had come at moments of the past, the oldest first: bounded by `samplesPerStretch`.
  private var samples = Fifo<(time: Instant, bytes: Int64)>()

  /// Begins to watch.
  init(_ deadlines: DownloadDeadlines, now: Instant) {
    self.deadlines = deadlines
    lastUseful = now
    lastPeer = now
    samples.append((now, 0))
  }

  /// Says why the run has to end, or nil while it may go on; call it often.
  mutating func check(_ facts: Facts, now: Instant) -> DownloadError? {
    if facts.usefulBytes > usefulBytes {
      usefulBytes = facts.usefulBytes
      lastUseful = now
    }
    if facts.connectedPeers > 0 { lastPeer = now }
    if let limit = Self.limit(deadlines.peers), now - lastPeer >= limit {
      return facts.hasReachedAnybody ? .noPeers(limit) : .networkFailure(limit)
    }
    if let limit = Self.limit(deadlines.stall), now - lastUseful >= limit { return .stalled(limit) }
    return checkSpeed(now: now)
  }

  private mutating func checkSpeed(now: Instant) -> DownloadError? {
    guard let floor = deadlines.minimumSpeed, floor.duration > .zero, floor.bytesPerSecond > 0
    else { return nil }
    let step = floor.duration / Self.samplesPerStretch
    if let last = samples.elements.last, now - last.time >= step {
      samples.append((now, usefulBytes))
    }
    // The oldest moment that is kept is the latest one before the stretch began.
    while samples.count > 1, now - samples[1].time >= floor.duration { _ = samples.popFirst() }
    guard let first = samples.first, now - first.time >= floor.duration else { return nil }
    let average = Double(usefulBytes - first.bytes) / (now - first.time).inSeconds
    guard average < Double(floor.bytesPerSecond) else { return nil }
    return .tooSlow(bytesPerSecond: Int(average), floor: floor)
  }

  private static func limit(_ duration: Duration?) -> Duration? {
    duration.flatMap { $0 > .zero ? $0 : nil }
  }
}
