import Networking
import Primitives

/// A connection that reads no faster than its limiter allows.
///
/// Bytes beyond the limit stay in the kernel, which makes the other side wait. Writes are not
/// throttled. Instead, payload is held back before it is read from the files (`mayUpload`), so that
/// requests and other small messages never wait behind it.
@Reactor
final class ThrottledTransport: Transport {
  /// Roughly the most that one read returns, in bytes.
  private static let readLength = 512 << 10

  private let base: any Transport
  private let downloads: RateLimiter?
  private let uploads: RateLimiter?
  private let clock: any LoopClock
  private let downloadTurn = RateLimiter.Turn()
  private let uploadTurn = RateLimiter.Turn()
  /// The number of bytes granted but not yet read.
  private var allowance = 0

  init(
    _ base: any Transport, downloads: RateLimiter?, uploads: RateLimiter?, clock: any LoopClock
  ) {
    self.base = base
    self.downloads = downloads
    self.uploads = uploads
    self.clock = clock
  }

  var remote: Endpoint { base.remote }
  var local: Endpoint { base.local }
  var roundTrip: Duration? { base.roundTrip }
  var mayRead: Bool { base.mayRead }

  func read(into segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    guard let downloads else { return unsafe base.read(into: segments) }
    // A reader that has waited takes whatever the rate allows now, not only its turn.
    allowance += downloads.takeWhatIsThere(upTo: Self.readLength - allowance, now: clock.now)
    guard allowance > 0 else { return .wouldBlock }
    let result = unsafe Self.with(segments, upTo: allowance) { unsafe base.read(into: $0) }
    if case .bytes(let count) = result {
      allowance -= count
    } else {
      giveBack()
    }
    return result
  }

  func write(from segments: UnsafeMutableBufferPointer<IOSegment>) -> IOResult {
    unsafe base.write(from: segments)
  }

  func waitUntilReadable() async {
    // Returning the allowance here saves a reader that has drained the socket another read.
    giveBack()
    await base.waitUntilReadable()
    guard let downloads, allowance == 0 else { return }
    if await downloads.take(downloads.quantum, turn: downloadTurn, clock: clock) {
      allowance = downloads.quantum
    }
  }

  func ignoreArrivals() { base.ignoreArrivals() }

  func waitUntilWritable() async {
    await base.waitUntilWritable()
  }

  func close() {
    base.close()
    downloadTurn.close()
    uploadTurn.close()
    giveBack()
  }

  /// Waits until `count` bytes of payload may be sent; returns false if the connection is closed or
  /// the task cancelled first.
  func mayUpload(_ count: Int) async -> Bool {
    guard let uploads else { return true }
    return await uploads.take(count, turn: uploadTurn, clock: clock)
  }

  /// Returns the unused allowance, so that an idle connection keeps none from the others.
  private func giveBack() {
    downloads?.giveBack(allowance, clock: clock)
    allowance = 0
  }

  /// Calls `body` with the segments cut to their first `limit` bytes.
  private static func with(
    _ segments: UnsafeMutableBufferPointer<IOSegment>, upTo limit: Int,
    _ body: (UnsafeMutableBufferPointer<IOSegment>) -> IOResult
  ) -> IOResult {
    var left = limit
    for index in segments.indices {
      let count = unsafe segments[index].count
      guard count >= left else {
        left -= count
        continue
      }
      unsafe segments[index].count = left
      defer { unsafe segments[index].count = count }
      return unsafe body(UnsafeMutableBufferPointer(rebasing: segments[...index]))
    }
    return unsafe body(segments)
  }
}
