internal import Foundation
internal import FoundationNetworking

/// One GET under way: collects the body within its bound and ends exactly once.
///
/// It is used on the client's serial queue only, hence `@unchecked Sendable`. Whoever ends it
/// first (the response, a bound, the timer, the cancelled task) decides the result.
final class HTTPExchange: @unchecked Sendable {
  typealias Result = Swift.Result<HTTPResponse, HTTPError>

  /// Cancelled when the exchange ends early.
  var task: URLSessionTask?
  private let maximumBodyLength: Int
  private let maximumRedirects: Int
  private var report: (@Sendable (Result) -> Void)?
  private var result: Result?
  private var body: [UInt8] = []
  private var redirects = 0

  init(maximumBodyLength: Int, maximumRedirects: Int) {
    self.maximumBodyLength = maximumBodyLength
    self.maximumRedirects = maximumRedirects
  }

  /// Whether the result is known.
  var isFinished: Bool { result != nil }

  /// Says who wants the result; it is there already when the task was cancelled early.
  func begin(_ report: @escaping @Sendable (Result) -> Void) {
    if let result { return report(result) }
    self.report = report
  }

  /// Ends the exchange, unless it has ended.
  func finish(_ result: Result) {
    guard self.result == nil else { return }
    self.result = result
    body = []
    report?(result)
    report = nil
    if case .failure = result { task?.cancel() }
    task = nil
  }

  /// The server wants credentials: the response is its status, without the body.
  func refused(status: Int) {
    let task = task
    finish(.success(HTTPResponse(status: status, body: [])))
    task?.cancel()
  }

  /// The header has arrived: a body announced as too long is not waited for.
  func received(expectedLength: Int64) {
    if expectedLength > Int64(maximumBodyLength) {
      finish(.failure(.bodyTooLong(limit: maximumBodyLength)))
    }
  }

  /// A part of the decompressed body has arrived.
  func received(_ data: Data) {
    guard result == nil else { return }
    guard data.count <= maximumBodyLength - body.count else {
      return finish(.failure(.bodyTooLong(limit: maximumBodyLength)))
    }
    body.append(contentsOf: data)
  }

  /// Whether a redirect is followed; the exchange has ended when it is not.
  func mayFollowRedirect(to url: URL?) -> Bool {
    guard result == nil else { return false }
    redirects += 1
    if redirects > maximumRedirects {
      finish(.failure(.tooManyRedirects(limit: maximumRedirects)))
    } else if url.map(Self.isHTTP) != true {
      finish(.failure(.badURL(url?.absoluteString ?? "")))
    }
    return result == nil
  }

  /// URLSession is done with the task.
  func completed(status: Int?, error: (any Error)?) {
    if let error {
      finish(.failure(HTTPError(error)))
    } else if let status {
      finish(.success(HTTPResponse(status: status, body: body)))
    } else {
      finish(.failure(.failed("the server sent no HTTP response")))
    }
  }

  /// Whether a URL has a scheme that we speak, and a host.
  static func isHTTP(_ url: URL) -> Bool {
    let scheme = url.scheme?.lowercased()
    return (scheme == "http" || scheme == "https") && url.host?.isEmpty == false
  }
}

extension HTTPError {
  /// Sorts what URLSession reports into our few cases.
  init(_ error: any Error) {
    guard let error = error as? URLError else {
      self = .failed(String(describing: error))
      return
    }
    // libcurl tells how long it took, so that the same failure never reads the same twice.
    let words = error.localizedDescription.replacingOccurrences(
      of: " after [0-9]+ ms", with: "", options: .regularExpression)
    switch error.code {
    case .timedOut: self = .timedOut
    case .cancelled: self = .cancelled
    case .secureConnectionFailed, .serverCertificateHasBadDate, .serverCertificateUntrusted,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
      .clientCertificateRejected, .clientCertificateRequired:
      self = .tls(words)
    default:
      // URLSession on Linux reports some of libcurl's TLS failures under other codes.
      let isTLS = ["SSL", "TLS", "certificate"].contains { words.contains($0) }
      self = isTLS ? .tls(words) : .failed(words)
    }
  }
}
