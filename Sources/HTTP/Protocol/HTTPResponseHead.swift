internal import Primitives

/// What stands before a response's body, as far as we act on it (RFC 9110, RFC 9112).
package struct HTTPResponseHead: Sendable, Equatable {
  /// How the body's end is found.
  package enum Framing: Sendable, Equatable {
    /// After so many bytes.
    case length(Int64)
    /// In chunks, each with its length.
    case chunked
    /// With the connection.
    case untilClose
  }

  /// The bytes that a partial response brings, and the length of the whole, if the server says it.
  package struct ContentRange: Sendable, Equatable {
    /// The bytes, the end not included.
    package let range: Range<Int64>
    /// The length of the whole resource in bytes.
    package let total: Int64?
  }

  /// The status code, such as 200.
  package var status: Int
  /// How the body's end is found.
  package var framing = Framing.untilClose
  /// Whether the connection may carry another request afterwards.
  package var keepsAlive = false
  /// Where a redirect leads.
  package var location: String?
  /// What a partial response brings.
  package var contentRange: ContentRange?
  /// How long the server wants to be left alone, in seconds or by the difference of its own dates.
  package var retryAfter: Duration?
  /// Whether the body is not plain, although we ask for nothing else.
  package var isEncoded = false

  /// A head with this status and nothing else.
  package init(status: Int) {
    self.status = status
  }

  /// Where to go instead, if this is a redirect that a GET follows.
  var redirect: String? {
    switch status {
    case 301, 302, 303, 307, 308: location
    default: nil
    }
  }
}

/// Collects the lines of a head.
///
/// Fields that contradict themselves about the body's length are refused, since what follows would be
/// taken for something else by somebody between us and the server.
struct HTTPResponseHeadReader: Sendable {
  private var head: HTTPResponseHead
  private var length: Int64?
  private var isChunked = false
  private var connection = ""
  /// When the server wants to be asked again, and what time it says it is.
  private var retryTime: Int64?
  private var time: Int64?
  private let isVersion1_1: Bool

  /// Reads the status line.
  init(statusLine line: ArraySlice<UInt8>) throws(HTTPError) {
    let version = line.prefix(8)
    let code = line.dropFirst(9).prefix(3)
    guard version.starts(with: "HTTP/1.".utf8), let minor = version.last, version.count == 8,
      minor == 0x30 || minor == 0x31, line.dropFirst(8).first == 0x20, code.count == 3,
      let status = Int(String(decoding: code, as: UTF8.self)), (100...999).contains(status),
      code.allSatisfy({ (0x30...0x39).contains($0) }),
      line.dropFirst(12).first.map({ $0 == 0x20 }) ?? true
    else { throw .badResponse("it does not begin as HTTP/1.1") }
    isVersion1_1 = minor == 0x31
    head = HTTPResponseHead(status: status)
  }

  /// Reads one header field.
  mutating func read(field line: ArraySlice<UInt8>) throws(HTTPError) {
    // The old way to continue a line (RFC 9112 §5.2); none of our fields is ever that long.
    if line.first == 0x20 || line.first == 0x09 { return }
    guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex,
      line[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .badResponse("a header line has no name") }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    let value = Self.trimmed(line[(colon + 1)...])
    switch name {
    case "content-length": try readLength(value)
    case "transfer-encoding":
      guard !isChunked, value.lowercased() == "chunked" else {
        throw .badResponse("its transfer encoding is not known")
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
      throw .badResponse("its length makes no sense")
    }
    length = number
  }

  /// The whole head, after its last line.
  func finished() throws(HTTPError) -> HTTPResponseHead {
    var head = head
    guard !(isChunked && length != nil) else {
      throw .badResponse("it gives two lengths of its body")
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

  /// A number of decimal digits only; nil when it does not fit.
  private static func number(_ text: some StringProtocol) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
  }

  /// Reads `bytes 0-99/1000` or `bytes 0-99/*`.
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
