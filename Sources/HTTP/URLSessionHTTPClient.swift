internal import Dispatch
internal import Foundation
internal import FoundationNetworking

/// The toolchain's URLSession behind the small face of `HTTPClient`.
///
/// Nothing of FoundationNetworking is touched before the first request: the session costs about
/// 25 MiB and 20 to 40 ms, so it is made when needed and on a queue of its own, never on the
/// caller's thread. It keeps no cookies, no cache and no credentials.
///
/// TLS trusts the system's certificates. libcurl, which URLSession uses, honours the environment's
/// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
package final class URLSessionHTTPClient: HTTPClient {
  private let connection: HTTPSessionConnection

  /// Creates a client; costs nothing until the first request.
  ///
  /// `userAgent` is sent with every request, such as `swift-torrent/0.1.0`.
  package init(userAgent: String) {
    connection = HTTPSessionConnection(userAgent: userAgent)
  }

  /// Fetches a resource with GET.
  ///
  /// - Parameter request: What to fetch and within which bounds.
  /// - Throws: Why there is no response; `.cancelled` when the task was cancelled.
  /// - Returns: The whole response, its body decompressed.
  package func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let exchange = HTTPExchange(
      maximumBodyLength: request.maximumBodyLength, maximumRedirects: request.maximumRedirects)
    let connection = connection
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        connection.queue.async {
          exchange.begin { continuation.resume(returning: $0) }
          connection.start(exchange, for: request)
        }
      }
    } onCancel: {
      connection.queue.async { exchange.finish(.failure(.cancelled)) }
    }
    return try result.get()
  }
}

/// The session, made with the first request.
///
/// Everything here, each exchange and all of URLSession's callbacks run on the one serial queue;
/// that is why it can be `@unchecked Sendable`, and why no lock is needed.
private final class HTTPSessionConnection: @unchecked Sendable {
  let queue = DispatchQueue(label: "http")
  private let userAgent: String
  private var session: URLSession?
  private let delegate = HTTPSessionDelegate()

  init(userAgent: String) {
    self.userAgent = userAgent
  }

  deinit {
    session?.invalidateAndCancel()
  }

  func start(_ exchange: HTTPExchange, for request: HTTPRequest) {
    guard !exchange.isFinished else { return }
    guard let url = URLText.escapingForbiddenBytes(in: request.url).flatMap(URL.init(string:)),
      HTTPExchange.isHTTP(url)
    else { return exchange.finish(.failure(.badURL(request.url))) }
    var urlRequest = URLRequest(url: url)
    urlRequest.cachePolicy = .reloadIgnoringLocalCacheData
    urlRequest.httpShouldHandleCookies = false
    // URLSession's own timeout is one of inactivity; the bound on the whole is the timer below.
    urlRequest.timeoutInterval = Double(request.timeout.components.seconds) + 5
    urlRequest.setValue(userAgent, forHTTPHeaderField: "User-Agent")
    for (name, value) in request.headers {
      urlRequest.setValue(value, forHTTPHeaderField: name)
    }
    queue.asyncAfter(deadline: .now() + request.timeout.dispatchInterval) { [weak exchange] in
      exchange?.finish(.failure(.timedOut))
    }
    let session = session ?? makeSession()
    self.session = session
    let task = session.dataTask(with: urlRequest)
    delegate.register(exchange, for: task)
    exchange.task = task
    task.resume()
  }

  private func makeSession() -> URLSession {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.httpCookieAcceptPolicy = .never
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    // A tracker that does not answer must not hold up others on the same host.
    configuration.httpMaximumConnectionsPerHost = 32
    let callbacks = OperationQueue()
    callbacks.underlyingQueue = queue
    return URLSession(configuration: configuration, delegate: delegate, delegateQueue: callbacks)
  }
}

extension Duration {
  fileprivate var dispatchInterval: DispatchTimeInterval {
    let (seconds, attoseconds) = components
    let milliseconds = min(max(seconds, 0), 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000
    return .milliseconds(Int(max(milliseconds, 0)))
  }
}
