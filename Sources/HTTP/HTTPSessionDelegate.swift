internal import Foundation
internal import FoundationNetworking

/// Hands URLSession's callbacks to the exchange that each task belongs to.
///
/// All callbacks come on the client's serial queue, hence `@unchecked Sendable`.
final class HTTPSessionDelegate: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private var exchanges: [Int: HTTPExchange] = [:]

  func register(_ exchange: HTTPExchange, for task: URLSessionTask) {
    exchanges[task.taskIdentifier] = exchange
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    // FoundationNetworking traps when the handler is called for a task that was cancelled before,
    // so it is not called then. Both happen on one queue, so neither can slip in between.
    guard exchanges[task.taskIdentifier]?.mayFollowRedirect(to: request.url) == true else { return }
    completionHandler(request)
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler:
      @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
  ) {
    // We have no credentials to offer, and FoundationNetworking's own handling of that stalls the
    // queue for many seconds; so the status is the answer.
    let response = challenge.failureResponse ?? task.response
    let status = (response as? HTTPURLResponse)?.statusCode ?? 401
    exchanges[task.taskIdentifier]?.refused(status: status)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    exchanges[dataTask.taskIdentifier]?.received(expectedLength: response.expectedContentLength)
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    exchanges[dataTask.taskIdentifier]?.received(data)
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let status = (task.response as? HTTPURLResponse)?.statusCode
    exchanges.removeValue(forKey: task.taskIdentifier)?.completed(status: status, error: error)
  }
}
