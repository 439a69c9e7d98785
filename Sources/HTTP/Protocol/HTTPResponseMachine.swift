/// An incremental parser of one HTTP/1.0 or 1.1 response (RFC 9112 §4 to §7).
///
/// States: status line → fields → (100 to 199: status line again) → body → end. The body has a
/// given length, comes in chunks (chunk line → data → line end → … → trailer), or ends with the
/// connection. Lines may end with a bare line feed. The bytes between two runs of data are bounded,
/// so a server cannot send protocol overhead endlessly.
package struct HTTPResponseMachine: Sendable {
  /// The limit on the lines before the body, and on those between two chunks or after the last one.
  package static let maximumHeadLength = 64 << 10
  private static let maximumChunkLineLength = 1024

  /// An event that the received bytes complete.
  package enum Event: Sendable, Equatable {
    /// The head is complete; the body follows.
    case head(HTTPResponseHead)
    /// All bytes taken by this call, of this number, belong to the body.
    case body(Int)
    /// The response is complete.
    case end
  }

  private enum State: Sendable {
    case statusLine
    case fields(HTTPResponseHeadReader)
    case body(left: Int64)
    case bodyUntilClose
    case chunkLine
    case chunk(left: Int64)
    case chunkEnd
    case trailer
    case ended
  }

  private var state = State.statusLine
  private var line: [UInt8] = []
  private var headLength = 0

  /// Creates a machine that has received nothing.
  package init() {}

  /// A Boolean value indicating whether nothing has been received.
  package var isUntouched: Bool {
    if case .statusLine = state { headLength == 0 } else { false }
  }

  /// A Boolean value indicating whether the response is complete.
  package var hasEnded: Bool { if case .ended = state { true } else { false } }

  /// The number of following bytes that are certainly body, so that they can be read straight into
  /// their destination; 0 outside the body.
  package var directLength: Int64 {
    switch state {
    case .body(let left), .chunk(let left): left
    case .bodyUntilClose: .max
    default: 0
    }
  }

  /// Records body bytes that were read straight into their destination; `count` is at most
  /// `directLength`.
  package mutating func receivedBody(_ count: Int) {
    switch state {
    case .body(let left): enterBody(left: left - Int64(count))
    case .chunk(let left):
      state = left > Int64(count) ? .chunk(left: left - Int64(count)) : .chunkEnd
    default: break
    }
  }

  private mutating func enterBody(left: Int64) {
    state = left > 0 ? .body(left: left) : .ended
  }

  /// Parses bytes up to the next event.
  ///
  /// - Parameter bytes: The received bytes that no earlier call has taken.
  /// - Throws: `.badResponse` if they are not valid HTTP or exceed a limit.
  /// - Returns: The number of bytes taken and the event; a nil event means that more are needed.
  package mutating func receive(
    _ bytes: ArraySlice<UInt8>
  ) throws(HTTPError) -> (taken: Int, event: Event?) {
    var taken = 0
    while true {
      if case .ended = state { return (taken, .end) }
      if directLength > 0 {
        // Lines taken before are a step of their own, so that a body event covers all bytes taken.
        guard taken == 0 else { return (taken, nil) }
        let count = Int(min(directLength, Int64(bytes.count)))
        guard count > 0 else { return (0, nil) }
        receivedBody(count)
        return (count, .body(count))
      }
      let rest = bytes.dropFirst(taken)
      guard let lineFeed = rest.firstIndex(of: 0x0A) else {
        try keep(rest)
        return (bytes.count, nil)
      }
      try keep(rest[...lineFeed])
      taken += lineFeed + 1 - rest.startIndex
      line.removeLast()
      if line.last == 0x0D { line.removeLast() }
      let event = try read(line[...])
      line.removeAll(keepingCapacity: true)
      if let event { return (taken, event) }
    }
  }

  /// Handles the end of the connection.
  ///
  /// - Throws: An error if the response was incomplete.
  package mutating func connectionEnded() throws(HTTPError) {
    switch state {
    case .ended, .bodyUntilClose: state = .ended
    default: throw .failed("the server closed the connection in the middle of a response")
    }
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) throws(HTTPError) {
    headLength += bytes.count
    guard headLength <= Self.maximumHeadLength else {
      throw .badResponse("its header is longer than \(Self.maximumHeadLength) bytes")
    }
    line += bytes
  }

  // MARK: - Lines

  private mutating func read(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Event? {
    switch state {
    case .statusLine: state = .fields(try HTTPResponseHeadReader(statusLine: line))
    case .fields(var reader):
      guard line.isEmpty else {
        try reader.read(field: line)
        state = .fields(reader)
        return nil
      }
      return try begin(reader.finished())
    case .chunkLine: try beginChunk(line)
    case .chunkEnd:
      guard line.isEmpty else { throw .badResponse("a chunk is longer than its declared size") }
      state = .chunkLine
    case .trailer:
      if line.isEmpty { state = .ended }
    case .body, .bodyUntilClose, .chunk, .ended: break
    }
    return nil
  }

  private mutating func begin(_ head: HTTPResponseHead) throws(HTTPError) -> Event? {
    guard head.status >= 200 else {
      guard head.status != 101 else { throw .badResponse("it switches to another protocol") }
      state = .statusLine
      return nil
    }
    switch head.framing {
    case .length(let length): enterBody(left: length)
    case .chunked: state = .chunkLine
    case .untilClose: state = .bodyUntilClose
    }
    return .head(head)
  }

  private mutating func beginChunk(_ line: ArraySlice<UInt8>) throws(HTTPError) {
    let digits = line.prefix { $0 != 0x3B }.filter { $0 != 0x20 && $0 != 0x09 }
    guard line.count <= Self.maximumChunkLineLength, (1...15).contains(digits.count),
      digits.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
      let length = Int64(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw .badResponse("a chunk size is invalid") }
    // Each run of lines between chunks is limited by itself, since a long body has many chunks.
    headLength = 0
    state = length > 0 ? .chunk(left: length) : .trailer
  }
}
