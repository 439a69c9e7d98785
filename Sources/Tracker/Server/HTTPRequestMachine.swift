internal import Primitives

/// The head of a GET request, as far as a tracker needs it.
package struct HTTPRequestHead: Sendable, Equatable {
  /// The path, percent-decoded.
  package var path: [UInt8]
  /// The query's items in order, percent-decoded to raw bytes.
  package var query: [QueryItem]
  /// A Boolean value indicating whether the connection may serve another request afterwards.
  package var keepsAlive: Bool

  /// One `name=value` of the query.
  package struct QueryItem: Sendable, Equatable {
    /// The text before the `=`.
    package var name: [UInt8]
    /// The text after the `=`, or empty.
    package var value: [UInt8]
  }

  /// Returns the value of the first item with this name.
  package func value(_ name: String) -> [UInt8]? {
    query.first { $0.name.elementsEqual(name.utf8) }?.value
  }
}

/// A bounded parser of HTTP/1.0 and 1.1 requests (RFC 9112 §2 to §6) that supports only GET, which
/// is enough for a tracker.
///
/// It reads head after head, each of which becomes a `.request`, until it refuses one with a
/// status; that is its final state. Bytes go in with `receive`, in chunks of any size. `nextAction`
/// returns the results.
package struct HTTPRequestMachine: Sendable {
  /// The maximum length of a head, in bytes.
  package static let maximumHeadLength = 8192
  /// The maximum number of query items.
  package static let maximumQueryItems = 256

  /// An effect for the caller to perform.
  package enum Action: Sendable, Equatable {
    /// Answers a request.
    case request(HTTPRequestHead)
    /// Sends an error response with this status and closes the connection.
    case refuse(status: Int)
  }

  private var buffer: [UInt8] = []
  /// The number of bytes searched for the end of the head so far.
  private var searched = 0
  private var isRefused = false

  /// Creates a parser that has received nothing.
  package init() {}

  /// Appends bytes from the connection.
  package mutating func receive(_ bytes: some Collection<UInt8>) {
    guard !isRefused else { return }
    buffer.append(contentsOf: bytes)
  }

  /// Returns the next action; nil if more bytes are needed.
  package mutating func nextAction() -> Action? {
    guard !isRefused else { return nil }
    guard let end = endOfHead() else {
      return buffer.count > Self.maximumHeadLength ? refuse(431) : nil
    }
    guard end <= Self.maximumHeadLength else { return refuse(431) }
    let head = Array(buffer[..<end])
    buffer.removeFirst(end)
    searched = 0
    switch Self.parse(head) {
    case .success(let request): return .request(request)
    case .failure(let refusal): return refuse(refusal.status)
    }
  }

  private mutating func refuse(_ status: Int) -> Action {
    isRefused = true
    buffer = []
    return .refuse(status: status)
  }

  /// Returns the index after the empty line that ends the head; lines may end with a bare line
  /// feed.
  private mutating func endOfHead() -> Int? {
    let limit = min(buffer.count, Self.maximumHeadLength + 1)
    while searched < limit {
      let index = searched
      searched += 1
      guard buffer[index] == 0x0A, index > 0 else { continue }
      let previous = buffer[index - 1] == 0x0D ? index - 2 : index - 1
      if previous >= 0, buffer[previous] == 0x0A { return index + 1 }
    }
    return nil
  }

  // MARK: - Parsing a head

  private struct Refusal: Error {
    let status: Int
  }

  private static func parse(_ head: [UInt8]) -> Result<HTTPRequestHead, Refusal> {
    let lines = head.split(separator: 0x0A, omittingEmptySubsequences: false)
      .map { $0.last == 0x0D ? $0.dropLast() : $0 }
    let words = lines[0].split(separator: 0x20, omittingEmptySubsequences: false)
    guard words.count == 3, words[2].starts(with: "HTTP/1.".utf8), words[2].count == 8 else {
      return .failure(Refusal(status: 400))
    }
    guard words[0].elementsEqual("GET".utf8) else { return .failure(Refusal(status: 405)) }
    var keepsAlive = words[2].last != 0x30
    for line in lines.dropFirst() where !line.isEmpty {
      guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex else {
        return .failure(Refusal(status: 400))
      }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      let value = trimmed(line[(colon + 1)...])
      switch name {
      case "connection":
        if value == "close" { keepsAlive = false }
        if value == "keep-alive" { keepsAlive = true }
      case "content-length" where value != "0", "transfer-encoding":
        return .failure(Refusal(status: 413))
      default: break
      }
    }
    guard let (path, query) = parseTarget(words[1]) else { return .failure(Refusal(status: 400)) }
    return .success(HTTPRequestHead(path: path, query: query, keepsAlive: keepsAlive))
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    let bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    return String(decoding: bytes, as: UTF8.self).lowercased()
      .split(separator: " ").joined(separator: " ")
  }

  private static func parseTarget(
    _ target: ArraySlice<UInt8>
  ) -> (path: [UInt8], query: [HTTPRequestHead.QueryItem])? {
    guard target.first == 0x2F, target.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    let parts = target.split(separator: 0x3F, maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = decoded(parts[0]) else { return nil }
    var query: [HTTPRequestHead.QueryItem] = []
    guard parts.count == 2 else { return (path, query) }
    for item in parts[1].split(separator: 0x26) {
      let sides = item.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
      guard query.count < maximumQueryItems, let name = decoded(sides[0]),
        let value = decoded(sides.count == 2 ? sides[1] : [])
      else { return nil }
      query.append(HTTPRequestHead.QueryItem(name: name, value: value))
    }
    return (path, query)
  }

  private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    PercentEncoding.decode(String(decoding: bytes, as: UTF8.self))
  }
}
