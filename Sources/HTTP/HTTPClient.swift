package import Networking
package import Primitives

/// The small face of HTTP that trackers and downloads need.
package protocol HTTPClient: Sendable {
  /// Fetches a resource with GET.
  ///
  /// - Parameter request: What to fetch and within which bounds.
  /// - Throws: Why there is no response. A response of any status is no error.
  /// - Returns: The whole response.
  func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse

  /// The addresses of a URL's host among which `HTTPRequest.address` may choose.
  ///
  /// Empty when there is no choice: the URL is https, goes through a proxy or can't be resolved.
  func addresses(of url: String) async -> [IPAddress]

  /// Fetches a range of a file straight into the caller's memory.
  ///
  /// Returns when every byte of the range is there, exactly.
  ///
  /// - Parameters:
  ///   - request: What to fetch.
  ///   - connection: Kept open for the next range; it serves one download at a time.
  ///   - sink: Where the bytes go; it is not called any more after the return.
  /// - Throws: Why some of them are missing; `.cancelled` also when the sink wants no more.
  @Reactor
  func download(
    _ request: HTTPRangeRequest, over connection: HTTPConnection, into sink: any HTTPBodySink
  ) async throws(HTTPError)
}

/// Memory for the body of a download, in the order of its bytes.
@Reactor
package protocol HTTPBodySink: AnyObject, Sendable {
  /// Appends the places of the next bytes, at most `limit` in all; none ends the download, unless
  /// `waitForRoom` says otherwise.
  ///
  /// They must stay valid until the call of `received` that follows, or the next `layOut`.
  func layOut(_ segments: inout [IOSegment], limit: Int)

  /// So many bytes have come and are in their places; more than 0.
  func received(_ count: Int)

  /// Waits a while for places after there were none; returns whether to ask for them again.
  ///
  /// What comes meanwhile stays in the socket.
  func waitForRoom() async -> Bool
}

extension HTTPBodySink {
  /// Without a place the download is over.
  package func waitForRoom() async -> Bool { false }
}

/// One GET and its bounds.
package struct HTTPRequest: Sendable {
  /// An absolute http or https URL, percent-encoded as it shall be sent.
  package var url: String
  /// Further header fields.
  package var headers: [(name: String, value: String)] = []
  /// The bound on the whole exchange, redirects included.
  package var timeout: Duration = .seconds(30)
  /// The bound on each attempt to connect.
  package var connectTimeout: Duration = .seconds(10)
  /// The largest body accepted, in bytes.
  package var maximumBodyLength = 1 << 20
  /// How many redirects are followed.
  package var maximumRedirects = 5
  /// The one address of the host to ask, of those that `HTTPClient.addresses(of:)` gives.
  ///
  /// Nil tries all of them, one after the other. Redirects go wherever they lead.
  package var address: IPAddress?
  /// Where the URL and redirects may lead.
  package var policy = URLPolicy(.file)

  /// A GET of this URL within the default bounds.
  package init(url: String) {
    self.url = url
  }
}

/// A part of a file to download, and its bounds.
package struct HTTPRangeRequest: Sendable {
  /// An absolute http or https URL, percent-encoded as it shall be sent.
  package var url: String
  /// The bytes, from the start of the file, the end not included; at least one.
  package var range: Range<Int64>
  /// The length of the whole file, in bytes; another length is an error.
  package var fileLength: Int64
  /// Whether a server without ranges may send the whole file; what comes before the range is then
  /// read and forgotten, and what comes after it is not read.
  package var acceptsWholeFile = false
  /// How long the server may send nothing.
  package var stallTimeout: Duration = .seconds(20)
  /// The bound on each attempt to connect.
  package var connectTimeout: Duration = .seconds(10)
  /// How many redirects are followed.
  package var maximumRedirects = 5
  /// Where the URL and redirects may lead.
  package var policy = URLPolicy(.webSeed)

  /// A part of a file within the default bounds.
  package init(url: String, range: Range<Int64>, fileLength: Int64) {
    self.url = url
    self.range = range
    self.fileLength = fileLength
  }
}

/// The answer to a GET.
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

/// Why an HTTP exchange brought no response.
package enum HTTPError: Error, Equatable, Sendable {
  /// The URL is malformed, or not one of http or https.
  case badURL(String)
  /// The URL leads where it must not.
  case refused(URLObjection)
  /// There was no whole response in time.
  case timedOut
  /// The task was cancelled.
  case cancelled
  /// The body is longer than the request allows.
  case bodyTooLong(limit: Int)
  /// More redirects came than the request allows.
  case tooManyRedirects(limit: Int)
  /// The certificate or the TLS handshake was refused; the system's own words.
  case tls(String)
  /// The server could not be reached or broke off; the system's own words.
  case failed(String)
  /// The answer is no HTTP that we understand; the words say what is wrong with it.
  case badResponse(String)
  /// The server does not send the range, for this reason and perhaps for so long.
  case status(Int, retryAfter: Duration?)
  /// The server sends whole files only.
  case noRanges
  /// The file on the server has this length, which is not the right one.
  case wrongLength(Int64?)
}

extension HTTPError: CustomStringConvertible {
  /// One clause that says what is wrong.
  package var description: String {
    switch self {
    case .badURL: "the URL is malformed"
    case .refused(let objection): "\(objection)"
    case .timedOut: "it did not answer in time"
    case .cancelled: "the request was cancelled"
    case .bodyTooLong(let limit): "the reply is longer than \(limit) bytes"
    case .tooManyRedirects(let limit): "more than \(limit) redirects"
    case .tls(let words): "TLS: \(words)"
    case .failed(let words): words
    case .badResponse(let words): "its answer makes no sense: \(words)"
    case .status(let status, _): "it answered with HTTP status \(status)"
    case .noRanges: "it sends whole files only"
    case .wrongLength(let length):
      "its file has another length\(length.map { " (\($0) bytes)" } ?? "")"
    }
  }
}
