import Primitives

/// A watch on the deadlines of a download that is exchanging data.
///
/// The deadline for the whole run is not among them, because it already covers the initial check.
struct DeadlineWatch {
  /// The state of the run at one moment.
  struct Facts {
    /// The useful payload received so far, in bytes.
    let usefulBytes: Int64
    /// The number of connected sources of data.
    let connectedPeers: Int
    /// A Boolean value indicating whether a peer or a tracker has ever answered.
    let hasReachedAnybody: Bool
  }

  /// The number of samples per speed floor window, which limits how late a slow run is detected.
  private static let samplesPerStretch = 50

  private let deadlines: DownloadDeadlines
  private var usefulBytes: Int64 = 0
  private var lastUseful: Instant
  private var lastPeer: Instant
  /// The received bytes at past moments, oldest first; `samplesPerStretch` bounds their number.
  private var samples = Fifo<(time: Instant, bytes: Int64)>()

  /// Starts the watch.
  init(_ deadlines: DownloadDeadlines, now: Instant) {
    self.deadlines = deadlines
    lastUseful = now
    lastPeer = now
    samples.append((now, 0))
  }

  /// Returns the reason why the run has to end, or nil while it may continue; call it often.
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
    // The oldest sample kept is the last one before the window.
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
