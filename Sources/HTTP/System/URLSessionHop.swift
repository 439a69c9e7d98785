internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Networking
internal import Primitives

/// One request through the toolchain's URLSession, for TLS and proxies.
///
/// Nothing of FoundationNetworking is touched before the first request, and the session is made on a
/// queue of its own, never on the loop. It keeps no cookies, no cache and no credentials, and follows
/// no redirects. TLS trusts the system's certificates. libcurl, which URLSession uses, honours the
/// environment's `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
@Reactor
final class URLSessionHop: HTTPHop {
  private let connection: HTTPSessionConnection

  init(userAgent: String) {
    connection = HTTPSessionConnection(userAgent: userAgent)
  }

  func exchange(_ call: HTTPCall) async throws(HTTPError) -> HTTPResponseHead {
    guard call.url.literalAddress?.isIPv6 != true || call.url.host == "::1" else {
      throw .failed("the system's library takes no IPv6 address over https or a proxy, only a name")
    }
    let exchange = URLSessionExchange(receiver: call.receiver)
    let (connection, url, headers) = (connection, call.url, call.headers)
    connection.queue.async { connection.start(exchange, url, headers) }
    // Does nothing to a task that has ended by itself.
    defer { connection.queue.async { connection.cancel(exchange) } }
    return try await exchange.end()
  }
}

/// The session, made with the first request.
///
/// Everything here and all of URLSession's callbacks run on the one serial queue; that is why it can
/// be `@unchecked Sendable`, and why no lock is needed.
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

  func cancel(_ exchange: URLSessionExchange) {
    delegate.cancel(exchange)
  }

  func start(
    _ exchange: URLSessionExchange, _ url: HTTPURL, _ headers: [(name: String, value: String)]
  ) {
    guard let address = URL(string: url.textForFoundation) else {
      return Reactor.enqueue { exchange.completed(.badURL(url.text)) }
    }
    var request = URLRequest(url: address)
    request.cachePolicy = .reloadIgnoringLocalCacheData
    request.httpShouldHandleCookies = false
    // URLSession's own timeout is one of inactivity; whoever waits has a stricter one.
    request.timeoutInterval = 120
    request.setValue(userAgent, forHTTPHeaderField: "User-Agent")
    if let credentials = url.credentials {
      let value = "Basic " + HTTPRequestText.base64(credentials)
      request.setValue(value, forHTTPHeaderField: "Authorization")
    }
    // A part of a compressed file would be of no use.
    let isRange = headers.contains { $0.name == "Range" }
    if isRange { request.setValue("identity", forHTTPHeaderField: "Accept-Encoding") }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let session = session ?? makeSession()
    self.session = session
    let task = session.dataTask(with: request)
    delegate.register(exchange, for: task, isDecoded: !isRange)
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

extension HTTPURL {
  /// The URL with `localhost` for `[::1]`.
  ///
  /// FoundationNetworking on Linux refuses every URL with an IPv6 literal, because it compares the
  /// host without brackets to libcurl's with brackets. The name gets to the same place; other such
  /// addresses have none.
  fileprivate var textForFoundation: String {
    guard host == "::1" else { return text }
    let start = isSecure ? "https://localhost" : "http://localhost"
    return "\(start):\(port)\(target)"
  }
}
