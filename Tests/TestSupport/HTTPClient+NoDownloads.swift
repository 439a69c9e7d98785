package import HTTP
internal import Networking
package import Primitives

extension HTTPClient {
  /// Returns no addresses: a scripted client offers no choice.
  package func addresses(of url: String) async -> [IPAddress] { [] }

  /// Fails, because a scripted client downloads nothing.
  ///
  /// - Throws: Always.
  @Reactor
  package func download(
    _ request: HTTPRangeRequest, over connection: HTTPConnection, into sink: any HTTPBodySink
  ) async throws(HTTPError) {
    throw .failed("no downloads here")
  }
}
