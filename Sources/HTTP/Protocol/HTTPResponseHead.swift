internal import Primitives

/// The parts of a response head that we act on (RFC 9110, RFC 9112).
package struct HTTPResponseHead: Sendable, Equatable {
  /// The way in which the end of the body is found.
  package enum Framing: Sendable, Equatable {
    /// The body has this many bytes.
    case length(Int64)
    /// The body comes in chunks that carry their lengths.
    case chunked
    /// The body ends with the connection.
    case untilClose
  }

  /// The range of a partial response and, if the server gives it, the length of the whole.
  package struct ContentRange: Sendable, Equatable {
    /// The half-open range of bytes.
    package let range: Range<Int64>
    /// The length of the whole resource in bytes.
    package let total: Int64?
  }

  /// The status code, such as 200.
  package var status: Int
  /// The way in which the end of the body is found.
  package var framing = Framing.untilClose
  /// A Boolean value indicating whether the connection can carry another request afterwards.
  package var keepsAlive = false
  /// The destination of a redirect.
  package var location: String?
  /// The range of a partial response.
  package var contentRange: ContentRange?
  /// The requested delay before a retry, given in seconds or as a date relative to the server's
  /// own.
  package var retryAfter: Duration?
  /// A Boolean value indicating whether the body is encoded, although we accept only plain bodies.
  package var isEncoded = false

  /// Creates a head with a status and nothing else.
  package init(status: Int) {
    self.status = status
  }

  /// The destination of a redirect that a GET follows, or nil for any other response.
  var redirect: String? {
    switch status {
    case 301, 302, 303, 307, 308: location
    default: nil
    }
  }
}

/// A reader of the lines of a response head.
///
/// It rejects fields that contradict each other about the body's length. An intermediary could
/// otherwise disagree with us about where the response ends (response splitting).
struct HTTPResponseHeadReader: Sendable {
  private var head: HTTPResponseHead
  private var length: Int64?
  private var isChunked = false
  private var connection = ""
  /// The date after which to retry, and the server's own date.
  private var retryTime: Int64?
  private var time: Int64?
  private let isVersion1_1: Bool

  /// Parses the status line.
  init(statusLine line: ArraySlice<UInt8>) throws(HTTPError) {
    let version = line.prefix(8)
    let code = line.dropFirst(9).prefix(3)
    guard version.starts(with: "HTTP/1.".utf8), let minor = version.last, version.count == 8,
      minor == 0x30 || minor == 0x31, line.dropFirst(8).first == 0x20, code.count == 3,
      let status = Int(String(decoding: code, as: UTF8.self)), (100...999).contains(status),
      code.allSatisfy({ (0x30...0x39).contains($0) }),
      line.dropFirst(12).first.map({ $0 == 0x20 }) ?? true
    else { throw .badResponse("it does not begin with an HTTP/1.x status line") }
    isVersion1_1 = minor == 0x31
    head = HTTPResponseHead(status: status)
  }

  /// Parses one header field.
  mutating func read(field line: ArraySlice<UInt8>) throws(HTTPError) {
    // An obsolete folded line (RFC 9112 §5.2); none of the fields we read is long enough to need
    // one.
    if line.first == 0x20 || line.first == 0x09 { return }
    guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex,
      line[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .badResponse("a header line has no field name") }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    let value = Self.trimmed(line[(colon + 1)...])
    switch name {
    case "content-length": try readLength(value)
    case "transfer-encoding":
      guard !isChunked, value.lowercased() == "chunked" else {
        throw .badResponse("its transfer encoding is not supported")
      }
      isChunked = true
    case "content-encoding":
      let value = value.lowercased()
      if !value.isEmpty, value != "identity" { head.isEncoded = true }
    case "connection": connection += "," + value.lowercased()
    case "location": head.location = head.location ?? value
    case "content-range": head.contentRange = Self.contentRange(value)
    case "retry-after":
      retryTime = HTTPDate.seconds(value)
      if let seconds = Self.number(value) { head.retryAfter = .seconds(min(seconds, 86_400)) }
    case "date": time = HTTPDate.seconds(value)
    default: break
    }
  }

  private mutating func readLength(_ value: String) throws(HTTPError) {
    guard let number = Self.number(value), length == nil || length == number else {
      throw .badResponse("its Content-Length is invalid")
    }
    length = number
  }

  /// Returns the complete head after its last line.
  func finished() throws(HTTPError) -> HTTPResponseHead {
    var head = head
    guard !(isChunked && length != nil) else {
      throw .badResponse("it has both a Content-Length and a chunked body")
    }
    if (100..<200).contains(head.status) || head.status == 204 || head.status == 304 {
      head.framing = .length(0)
    } else if isChunked {
      head.framing = .chunked
    } else if let length {
      head.framing = .length(length)
    } else {
      head.framing = .untilClose
    }
    if let retryTime, let time {
      head.retryAfter = .seconds(min(max(0, retryTime - time), 86_400))
    }
    let options = connection.split { $0 == "," || $0 == " " || $0 == "\t" }
    let wantsMore =
      isVersion1_1 ? !options.contains("close") : options.contains("keep-alive")
    head.keepsAlive = wantsMore && head.framing != .untilClose
    return head
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Parses a number of decimal digits only; returns nil if it does not fit.
  private static func number(_ text: some StringProtocol) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
  }

  /// Parses `bytes 0-99/1000` or `bytes 0-99/*`.
  private static func contentRange(_ value: String) -> HTTPResponseHead.ContentRange? {
    guard value.lowercased().hasPrefix("bytes ") else { return nil }
    let parts = value.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]), first <= last,
      last < .max, parts[1] == "*" || number(parts[1]) != nil
    else { return nil }
    return HTTPResponseHead.ContentRange(range: first..<last + 1, total: number(parts[1]))
  }
}
