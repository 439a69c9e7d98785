internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Networking
internal import Primitives

/// The hop that sends requests through the toolchain's URLSession, for TLS and proxies.
///
/// FoundationNetworking stays untouched until the first request, and the session is created on its
/// own queue, never on the loop. The session keeps no cookies, cache or credentials and follows no
/// redirects. TLS trusts the system's certificates. URLSession uses libcurl, which honours
/// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` from the environment.
@Reactor
final class URLSessionHop: HTTPHop {
  private let connection: HTTPSessionConnection

  init(userAgent: String) {
    connection = HTTPSessionConnection(userAgent: userAgent)
  }

  func exchange(_ call: HTTPCall) async throws(HTTPError) -> HTTPResponseHead {
    guard call.url.literalAddress?.isIPv6 != true || call.url.host == "::1" else {
      throw .failed("https and proxies need a host name here, not an IPv6 address literal")
    }
    let exchange = URLSessionExchange(receiver: call.receiver)
    let (connection, url, headers) = (connection, call.url, call.headers)
    connection.queue.async { connection.start(exchange, url, headers) }
    // This has no effect on a task that has already ended.
    defer { connection.queue.async { connection.cancel(exchange) } }
    return try await exchange.end()
  }
}

/// A holder of the session, which is created with the first request.
///
/// `@unchecked Sendable`: all of this class and all of URLSession's callbacks run on its one serial
/// queue, so no lock is needed.
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
    // The caller enforces a stricter deadline, on a clock that stands still while the process is
    // stopped; URLSession's own goes on.
    request.timeoutInterval = 7 * 24 * 3600
    request.setValue(userAgent, forHTTPHeaderField: "User-Agent")
    if let credentials = url.credentials {
      let value = "Basic " + HTTPRequestText.base64(credentials)
      request.setValue(value, forHTTPHeaderField: "Authorization")
    }
    // A range of a compressed file would be useless.
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
    // An unresponsive tracker must not delay other requests to the same host.
    configuration.httpMaximumConnectionsPerHost = 32
    let callbacks = OperationQueue()
    unsafe callbacks.underlyingQueue = queue
    return URLSession(configuration: configuration, delegate: delegate, delegateQueue: callbacks)
  }
}

extension HTTPURL {
  /// The URL with `localhost` instead of `[::1]`.
  ///
  /// FoundationNetworking on Linux rejects every URL with an IPv6 literal, because it compares the
  /// host without brackets to libcurl's with brackets. The name reaches the same host; other IPv6
  /// addresses have no such alias.
  fileprivate var textForFoundation: String {
    guard host == "::1" else { return text }
    let start = isSecure ? "https://localhost" : "http://localhost"
    return "\(start):\(port)\(target)"
  }
}
