internal import Foundation
internal import FoundationNetworking
internal import Networking

/// One request of URLSession's, whose callbacks reach it on the loop and which ends exactly once.
@Reactor
final class URLSessionExchange {
  private let receiver: any HTTPResponseReceiver
  private let done = Wakeup()
  private var head: HTTPResponseHead?
  private var result: Result<HTTPResponseHead, HTTPError>?

  init(receiver: any HTTPResponseReceiver) {
    self.receiver = receiver
  }

  /// Waits for the end; throws `.cancelled` if the task is cancelled.
  func end() async throws(HTTPError) -> HTTPResponseHead {
    while result == nil {
      if await !done.wait() { finish(.failure(.cancelled)) }
    }
    return try (result ?? .failure(.cancelled)).get()
  }

  private func finish(_ result: Result<HTTPResponseHead, HTTPError>) {
    guard self.result == nil else { return }
    self.result = result
    done.fire()
  }

  // MARK: - Callbacks

  /// Handles the response head.
  func received(_ head: HTTPResponseHead) {
    guard result == nil, self.head == nil else { return }
    self.head = head
    do throws(HTTPError) {
      if try !receiver.begins(head) { finish(.success(head)) }
    } catch {
      finish(.failure(error))
    }
  }

  /// Handles a part of the decompressed body.
  func received(_ data: Data) {
    guard result == nil, let head else { return }
    let isWanted = unsafe data.withUnsafeBytes { unsafe receiver.deliver($0) == $0.count }
    do throws(HTTPError) {
      try receiver.check()
      if receiver.isSatisfied { return finish(.success(head)) }
    } catch {
      return finish(.failure(error))
    }
    if !isWanted { finish(.failure(.cancelled)) }
  }

  /// Handles the end of URLSession's task.
  func completed(_ error: HTTPError?) {
    guard result == nil else { return }
    if let error { return finish(.failure(error)) }
    guard let head else { return finish(.failure(.failed("the server sent no HTTP response"))) }
    do throws(HTTPError) {
      try receiver.ended()
      finish(.success(head))
    } catch {
      finish(.failure(error))
    }
  }
}

extension HTTPResponseHead {
  /// Creates a head from the parts that URLSession reveals.
  ///
  /// URLSession decompresses bodies by itself unless the request forbids compression.
  init(_ response: HTTPURLResponse, isDecoded: Bool) throws(HTTPError) {
    var reader = try HTTPResponseHeadReader(
      statusLine: Array("HTTP/1.1 \(response.statusCode)".utf8)[...])
    for name in ["Location", "Content-Range", "Date", "Retry-After", "Content-Encoding"] {
      guard let value = response.value(forHTTPHeaderField: name) else { continue }
      try reader.read(field: Array("\(name): \(value)".utf8)[...])
    }
    self = try reader.finished()
    if isDecoded { isEncoded = false }
    if response.expectedContentLength >= 0 { framing = .length(response.expectedContentLength) }
  }
}

extension HTTPError {
  /// Maps an error of URLSession to one of our cases.
  init(_ error: any Error) {
    guard let error = error as? URLError else {
      self = .failed(String(describing: error))
      return
    }
    // libcurl appends the elapsed time, which would make equal failures read differently.
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
