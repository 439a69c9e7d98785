package import Networking
package import Primitives

/// The subset of HTTP that trackers and downloads need.
package protocol HTTPClient: Sendable {
  /// Fetches a resource with GET.
  ///
  /// - Parameter request: The URL and the limits.
  /// - Throws: The reason why there is no response; an error status is a response.
  /// - Returns: The whole response.
  func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse

  /// Returns the addresses of a URL's host from which `HTTPRequest.address` may choose.
  ///
  /// The result is empty when there is no choice: the URL is HTTPS, goes through a proxy or cannot
  /// be resolved.
  func addresses(of url: String) async -> [IPAddress]

  /// Downloads a range of a file straight into the caller's memory.
  ///
  /// Returns once exactly the bytes of the range have arrived.
  ///
  /// - Parameters:
  ///   - request: The range and the limits.
  ///   - connection: A connection that stays open for the next range; it serves one download at a
  ///     time.
  ///   - sink: The destination of the bytes; it is not called after the return.
  /// - Throws: The reason why bytes are missing; `.cancelled` also if the sink wants no more.
  @Reactor
  func download(
    _ request: HTTPRangeRequest, over connection: HTTPConnection, into sink: any HTTPBodySink
  ) async throws(HTTPError)
}

/// Memory for the body of a download, filled in order.
@Reactor
package protocol HTTPBodySink: AnyObject, Sendable {
  /// Appends the buffers for the next bytes, at most `limit` bytes in total.
  ///
  /// Appending none ends the download, unless `waitForRoom` returns true. The buffers must stay
  /// valid until the following call of `received` or the next `layOut`.
  func layOut(_ segments: inout [IOSegment], limit: Int)

  /// Reports that `count` bytes, more than 0, have been written to the buffers.
  func received(_ count: Int)

  /// Waits a while for room after `layOut` offered none; returns whether to ask again.
  ///
  /// Meanwhile, incoming data stays in the socket.
  func waitForRoom() async -> Bool
}

extension HTTPBodySink {
  /// Returns false: without room the download ends.
  package func waitForRoom() async -> Bool { false }
}

/// A GET request and its limits.
package struct HTTPRequest: Sendable {
  /// An absolute http or https URL, percent-encoded for sending.
  package var url: String
  /// Additional header fields.
  package var headers: [(name: String, value: String)] = []
  /// The time limit for the whole exchange, including redirects.
  package var timeout: Duration = .seconds(30)
  /// The time limit for each attempt to connect.
  package var connectTimeout: Duration = .seconds(10)
  /// The largest acceptable body, in bytes.
  package var maximumBodyLength = 1 << 20
  /// The maximum number of redirects to follow.
  package var maximumRedirects = 5
  /// The only address of the host to try, chosen from `HTTPClient.addresses(of:)`.
  ///
  /// If it is nil, all addresses are tried in order. Redirects are not restricted to it.
  package var address: IPAddress?
  /// The rules for where the URL and its redirects may lead.
  package var policy = URLPolicy(.file)

  /// Creates a GET request with the default limits.
  package init(url: String) {
    self.url = url
  }
}

/// A request for a range of a file, with its limits.
package struct HTTPRangeRequest: Sendable {
  /// An absolute http or https URL, percent-encoded for sending.
  package var url: String
  /// The half-open range of bytes within the file; not empty.
  package var range: Range<Int64>
  /// The length of the whole file in bytes; any other length is an error.
  package var fileLength: Int64
  /// A Boolean value indicating whether a server without range support may send the whole file.
  ///
  /// Bytes before the range are then read and discarded, and bytes after it are not read.
  package var acceptsWholeFile = false
  /// The longest time that the server may send nothing.
  package var stallTimeout: Duration = .seconds(20)
  /// The time limit for each attempt to connect.
  package var connectTimeout: Duration = .seconds(10)
  /// The maximum number of redirects to follow.
  package var maximumRedirects = 5
  /// The rules for where the URL and its redirects may lead.
  package var policy = URLPolicy(.webSeed)

  /// Creates a range request with the default limits.
  package init(url: String, range: Range<Int64>, fileLength: Int64) {
    self.url = url
    self.range = range
    self.fileLength = fileLength
  }
}

/// The response to a GET request.
package struct HTTPResponse: Sendable {
  /// The status code, such as 200.
  package var status: Int
  /// The body's bytes.
  package var body: [UInt8]

  /// Creates a response.
  package init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }
}

/// The reason why an HTTP exchange brought no response.
package enum HTTPError: Error, Equatable, Sendable {
  /// The URL is malformed, or its scheme is neither http nor https.
  case badURL(String)
  /// The policy forbids the URL.
  case refused(URLObjection)
  /// The response was not complete in time.
  case timedOut
  /// The task was cancelled.
  case cancelled
  /// The body exceeds the limit of the request.
  case bodyTooLong(limit: Int)
  /// A redirect leads to this URL of another scheme, which was not followed.
  case leadsElsewhere(String)
  /// There were more redirects than the request allows.
  case tooManyRedirects(limit: Int)
  /// The certificate or the TLS handshake was rejected, with the system's explanation.
  case tls(String)
  /// The server was unreachable or broke off, with the system's explanation.
  case failed(String)
  /// The response is not valid HTTP or does not match the request, with an explanation.
  case badResponse(String)
  /// The server refuses the range with this status and, possibly, a time to wait before a retry.
  case status(Int, retryAfter: Duration?)
  /// The server does not support range requests.
  case noRanges
  /// The file on the server has this length, which is wrong.
  case wrongLength(Int64?)
}

extension HTTPError: CustomStringConvertible {
  /// A one-clause description of the failure.
  package var description: String {
    switch self {
    case .badURL: "the URL is malformed"
    case .refused(let objection): "\(objection)"
    case .timedOut: "it did not answer in time"
    case .cancelled: "the request was cancelled"
    case .bodyTooLong(let limit): "the reply is longer than \(limit) bytes"
    case .leadsElsewhere(let url):
      "it redirects to a URL of the scheme \(url.prefix { $0 != ":" }.prefix(20))"
    case .tooManyRedirects(let limit): "more than \(limit) redirects"
    case .tls(let words): "TLS: \(words)"
    case .failed(let words): words
    case .badResponse(let words): "its response is invalid: \(words)"
    case .status(let status, _): "it answered with HTTP status \(status)"
    case .noRanges: "it does not support range requests"
    case .wrongLength(let length):
      "its file has the wrong length\(length.map { " (\($0) bytes)" } ?? "")"
    }
  }
}
