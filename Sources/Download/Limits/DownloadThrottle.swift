import HTTP
import Networking

/// The rate limit of the connections to web seeds, as the HTTP client applies it.
struct DownloadThrottle: TransportFilter {
  private let limiter: RateLimiter
  private let clock: any LoopClock

  init(_ limiter: RateLimiter, clock: any LoopClock) {
    self.limiter = limiter
    self.clock = clock
  }

  func filtered(_ transport: any Transport) -> any Transport {
    ThrottledTransport(transport, downloads: limiter, uploads: nil, clock: clock)
  }
}
