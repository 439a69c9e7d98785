internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// One GET under way: collects the body within its bound and ends exactly once.
///
/// URLSession's callbacks, the timer and the cancelled task meet here from different threads, so
/// the state is behind a lock; whoever ends it first decides the result.
final class HTTPExchange: Sendable {
  private struct State {
    var report: (@Sendable (Result<HTTPResponse, HTTPError>) -> Void)?
    var result: Result<HTTPResponse, HTTPError>?
    var task: URLSessionTask?
    var body: [UInt8] = []
    var redirects = 0
  }

  private let maximumBodyLength: Int
  private let maximumRedirects: Int
  private let state = Mutex(State())

  init(maximumBodyLength: Int, maximumRedirects: Int) {
    self.maximumBodyLength = maximumBodyLength
    self.maximumRedirects = maximumRedirects
  }

  /// Whether the result is known.
  var isFinished: Bool { state.withLock { $0.result != nil } }

  /// Says who wants the result; it may be there already, when the task was cancelled early.
  func begin(_ report: @escaping @Sendable (Result<HTTPResponse, HTTPError>) -> Void) {
    let result = state.withLock { state in
      if state.result == nil { state.report = report }
      return state.result
    }
    if let result { report(result) }
  }

  /// Names the task that is cancelled when the exchange ends early.
  func attach(_ task: URLSessionTask) {
    let isFinished = state.withLock { state in
      if state.result == nil { state.task = task }
      return state.result != nil
    }
    if isFinished { task.cancel() }
  }

  /// Ends the exchange, unless it has ended.
  func finish(_ result: Result<HTTPResponse, HTTPError>) {
    let ended = state.withLock { state -> State? in
      guard state.result == nil else { return nil }
      let before = state
      state = State()
      state.result = result
      return before
    }
    guard let ended else { return }
    ended.report?(result)
    if case .failure = result { ended.task?.cancel() }
  }

  /// The header has arrived: a body announced as too long is not waited for.
  func received(expectedLength: Int64) {
    if expectedLength > Int64(maximumBodyLength) {
      finish(.failure(.bodyTooLong(limit: maximumBodyLength)))
    }
  }

  /// A part of the decompressed body has arrived.
  func received(_ data: Data) {
    let fits = state.withLock { state in
      guard state.result == nil else { return true }
      guard data.count <= maximumBodyLength - state.body.count else { return false }
      state.body.append(contentsOf: data)
      return true
    }
    if !fits { finish(.failure(.bodyTooLong(limit: maximumBodyLength))) }
  }

  /// Whether a redirect to this URL is followed; ends the exchange when it is not.
  func mayFollowRedirect(to url: URL?) -> Bool {
    guard let url, let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https"
    else {
      finish(.failure(.badURL(url?.absoluteString ?? "")))
      return false
    }
    let isWithinLimit = state.withLock { state in
      state.redirects += 1
      return state.redirects <= maximumRedirects
    }
    if !isWithinLimit { finish(.failure(.tooManyRedirects(limit: maximumRedirects))) }
    return isWithinLimit
  }

  /// URLSession is done with the task.
  func completed(status: Int?, error: (any Error)?) {
    if let error {
      finish(.failure(HTTPError(error)))
    } else if let status {
      let body = state.withLock { $0.body }
      finish(.success(HTTPResponse(status: status, body: body)))
    } else {
      finish(.failure(.failed("the server sent no HTTP response")))
    }
  }
}

extension HTTPError {
  /// Sorts what URLSession reports into our few cases.
  init(_ error: any Error) {
    guard let error = error as? URLError else {
      self = .failed(String(describing: error))
      return
    }
    let words = (error as NSError).localizedDescription
    switch error.code {
    case .timedOut: self = .timedOut
    case .cancelled: self = .cancelled
    case .secureConnectionFailed, .serverCertificateHasBadDate, .serverCertificateUntrusted,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
      .clientCertificateRejected, .clientCertificateRequired:
      self = .tls(words)
    default:
      // URLSession on Linux reports most of libcurl's TLS failures under other codes.
      let isTLS = ["SSL", "TLS", "certificate"].contains { words.contains($0) }
      self = isTLS ? .tls(words) : .failed(words)
    }
  }
}
