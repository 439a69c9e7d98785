internal import Networking
internal import Primitives

/// One request to one server, without redirects: over our own connections, or through URLSession.
@Reactor
protocol HTTPHop: AnyObject, Sendable {
  /// Sends the request and feeds the answer to its receiver.
  ///
  /// Throws `.cancelled` when the task is cancelled; the receiver is not called any more afterwards.
  func exchange(_ call: HTTPCall) async throws(HTTPError) -> HTTPResponseHead
}

/// What is asked of whom, and who wants the answer.
struct HTTPCall: Sendable {
  let url: HTTPURL
  var headers: [(name: String, value: String)] = []
  /// Where to connect to, the first choice first; only our own connections follow it.
  var addresses: [IPAddress] = []
  var connectTimeout = Duration.seconds(10)
  /// Whether the connection shall stay open afterwards.
  var keepsAlive = false
  let connection: HTTPConnection
  let receiver: any HTTPResponseReceiver
}

/// Takes a response as it comes.
@Reactor
protocol HTTPResponseReceiver: HTTPBodySink {
  /// The head has come; returns whether the body is wanted, and throws when it can't be.
  func begins(_ head: HTTPResponseHead) throws(HTTPError) -> Bool

  /// Throws when bytes came that must not; called after `received`.
  func check() throws(HTTPError)

  /// Whether everything that is wanted is there, whatever may follow.
  var isSatisfied: Bool { get }

  /// The response is over; throws when something is missing.
  func ended() throws(HTTPError)
}

extension HTTPBodySink {
  /// Copies bytes to where they belong, as far as there are places; returns how many.
  func deliver(_ bytes: UnsafeRawBufferPointer) -> Int {
    var rest = bytes
    var segments: [IOSegment] = []
    while !rest.isEmpty {
      segments.removeAll(keepingCapacity: true)
      layOut(&segments, limit: rest.count)
      var copied = 0
      for segment in segments where segment.count > 0 {
        guard let base = segment.base, let source = rest.baseAddress else { continue }
        let count = min(segment.count, rest.count - copied)
        guard count > 0 else { break }
        base.copyMemory(from: source + copied, byteCount: count)
        copied += count
      }
      guard copied > 0 else { break }
      received(copied)
      rest = UnsafeRawBufferPointer(rebasing: rest[copied...])
    }
    return bytes.count - rest.count
  }
}
