internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// The toolchain's URLSession behind the small face of `HTTPClient`.
///
/// Nothing of FoundationNetworking is touched before the first request: the session costs about
/// 25 MiB and 20 to 40 ms, so it is made when needed and on a queue of its own, never on the
/// caller's thread. It keeps no cookies, no cache and no credentials.
///
/// TLS trusts the system's certificates. libcurl, which URLSession uses, honours the environment's
/// `http_proxy`, `https_proxy` and `no_proxy`.
package final class URLSessionHTTPClient: HTTPClient {
  private let userAgent: String
  private let queue = DispatchQueue(label: "http")
  private let holder = Mutex<SessionHolder?>(nil)

  /// Creates a client; costs nothing until the first request.
  ///
  /// `userAgent` is sent with every request, such as `swift-torrent/0.1.0`.
  package init(userAgent: String) {
    self.userAgent = userAgent
  }

  /// Fetches a resource with GET.
  ///
  /// - Parameter request: What to fetch and within which bounds.
  /// - Throws: Why there is no response; `.cancelled` when the task was cancelled.
  /// - Returns: The whole response, its body decompressed.
  package func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let exchange = HTTPExchange(
      maximumBodyLength: request.maximumBodyLength, maximumRedirects: request.maximumRedirects)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        exchange.begin { continuation.resume(returning: $0) }
        queue.async { self.start(exchange, for: request) }
      }
    } onCancel: {
      exchange.finish(.failure(.cancelled))
    }
    return try result.get()
  }

  private func start(_ exchange: HTTPExchange, for request: HTTPRequest) {
    guard !exchange.isFinished else { return }
    guard let url = URL(string: request.url), let scheme = url.scheme?.lowercased(),
      scheme == "http" || scheme == "https", url.host?.isEmpty == false
    else { return exchange.finish(.failure(.badURL(request.url))) }
    let seconds = max(request.timeout.components.seconds, 0)
    var urlRequest = URLRequest(url: url)
    urlRequest.cachePolicy = .reloadIgnoringLocalCacheData
    urlRequest.httpShouldHandleCookies = false
    // URLSession's own timeout is one of inactivity; the total is the timer below.
    urlRequest.timeoutInterval = Double(seconds) + 5
    urlRequest.setValue(userAgent, forHTTPHeaderField: "User-Agent")
    for (name, value) in request.headers {
      urlRequest.setValue(value, forHTTPHeaderField: name)
    }
    queue.asyncAfter(deadline: .now() + request.timeout.dispatchInterval) { [weak exchange] in
      exchange?.finish(.failure(.timedOut))
    }
    let session = holder.withLock { holder in
      let made = holder ?? SessionHolder()
      holder = made
      return made
    }
    session.start(exchange, for: urlRequest)
  }
}

/// The session and its delegate; the last reference ends the session.
private final class SessionHolder: Sendable {
  private let session: URLSession
  private let delegate = HTTPSessionDelegate()

  init() {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.httpCookieAcceptPolicy = .never
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    // A tracker that does not answer must not hold up others on the same host.
    configuration.httpMaximumConnectionsPerHost = 32
    session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
  }

  deinit {
    session.invalidateAndCancel()
  }

  func start(_ exchange: HTTPExchange, for request: URLRequest) {
    let task = session.dataTask(with: request)
    delegate.register(exchange, for: task)
    // Between the registration and here the exchange may have ended; then the task is cancelled.
    exchange.attach(task)
    task.resume()
  }
}

extension Duration {
  fileprivate var dispatchInterval: DispatchTimeInterval {
    let (seconds, attoseconds) = components
    let milliseconds = min(max(seconds, 0), 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000
    return .milliseconds(Int(milliseconds))
  }
}
