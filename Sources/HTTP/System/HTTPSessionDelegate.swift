internal import Foundation
internal import FoundationNetworking
internal import Networking

/// A session delegate that forwards URLSession's callbacks to the loop, each to the exchange of its
/// task.
///
/// `@unchecked Sendable`: all callbacks arrive on the client's serial queue. The loop runs jobs in
/// order of arrival, so an exchange sees the callbacks in URLSession's order.
final class HTTPSessionDelegate: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private struct Entry {
    let exchange: URLSessionExchange
    let task: URLSessionTask
    let isDecoded: Bool
  }

  private var entries: [Int: Entry] = [:]

  func register(_ exchange: URLSessionExchange, for task: URLSessionTask, isDecoded: Bool) {
    entries[task.taskIdentifier] = Entry(exchange: exchange, task: task, isDecoded: isDecoded)
  }

  /// Cancels the exchange's task if it is still running.
  func cancel(_ exchange: URLSessionExchange) {
    for entry in entries.values where entry.exchange === exchange { entry.task.cancel() }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    // The handler is deliberately not called. FoundationNetworking traps when it is called for a
    // task that has been cancelled, and the receiver of a redirect cancels the task.
    report(response, of: task)
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler:
      @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
  ) {
    // We have no credentials to offer, and FoundationNetworking's own handling of the challenge
    // stalls the queue for many seconds. The status is therefore reported as the response.
    let response = challenge.failureResponse ?? task.response
    let status = (response as? HTTPURLResponse)?.statusCode ?? 401
    guard let exchange = entries[task.taskIdentifier]?.exchange else { return }
    Reactor.enqueue {
      exchange.received(HTTPResponseHead(status: status))
      exchange.completed(nil)
    }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    if let response = response as? HTTPURLResponse { report(response, of: dataTask) }
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard let exchange = entries[dataTask.taskIdentifier]?.exchange else { return }
    Reactor.enqueue { exchange.received(data) }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    guard let exchange = entries.removeValue(forKey: task.taskIdentifier)?.exchange else { return }
    let failure = error.map { HTTPError($0) }
    Reactor.enqueue { exchange.completed(failure) }
  }

  private func report(_ response: HTTPURLResponse, of task: URLSessionTask) {
    guard let entry = entries[task.taskIdentifier] else { return }
    let exchange = entry.exchange
    do throws(HTTPError) {
      let head = try HTTPResponseHead(response, isDecoded: entry.isDecoded)
      Reactor.enqueue { exchange.received(head) }
    } catch {
      Reactor.enqueue { exchange.completed(error) }
    }
  }
}
