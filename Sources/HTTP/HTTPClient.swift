/// The small face of HTTP that trackers and downloads need.
package protocol HTTPClient: Sendable {
  /// Fetches a resource with GET.
  ///
  /// - Parameter request: What to fetch and within which bounds.
  /// - Throws: Why there is no response. A response of any status is no error.
  /// - Returns: The whole response.
  func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse
}

/// One GET and its bounds.
package struct HTTPRequest: Sendable {
  /// An absolute http or https URL, percent-encoded as it shall be sent.
  package var url: String
  /// Further header fields.
  package var headers: [(name: String, value: String)] = []
  /// The bound on the whole exchange, redirects included.
  package var timeout: Duration = .seconds(30)
  /// The largest body accepted, in bytes.
  package var maximumBodyLength = 1 << 20
  /// How many redirects are followed.
  package var maximumRedirects = 5

  /// A GET of this URL within the default bounds.
  package init(url: String) {
    self.url = url
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
}
