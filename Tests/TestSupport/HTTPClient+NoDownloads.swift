package import HTTP
internal import Networking
package import Primitives

extension HTTPClient {
  /// A scripted client chooses no addresses.
  package func addresses(of url: String) async -> [IPAddress] { [] }

  /// A scripted client downloads nothing.
  ///
  /// - Throws: Always.
  @Reactor
  package func download(
    _ request: HTTPRangeRequest, over connection: HTTPConnection, into sink: any HTTPBodySink
  ) async throws(HTTPError) {
    throw .failed("no downloads here")
  }
}
