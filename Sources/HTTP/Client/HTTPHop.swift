internal import Networking
internal import Primitives

/// A way to send one request to one server without following redirects: our own connections or
/// URLSession.
@Reactor
protocol HTTPHop: AnyObject, Sendable {
  /// Sends the request and feeds the response to its receiver.
  ///
  /// Throws `.cancelled` if the task is cancelled. The receiver is not called after the return.
  func exchange(_ call: HTTPCall) async throws(HTTPError) -> HTTPResponseHead
}

/// One request with its destination and the receiver of its response.
struct HTTPCall: Sendable {
  let url: HTTPURL
  var headers: [(name: String, value: String)] = []
  /// The addresses to connect to, in order of preference; URLSession ignores them.
  var addresses: [IPAddress] = []
  var connectTimeout = Duration.seconds(10)
  /// A Boolean value indicating whether to keep the connection open afterwards.
  var keepsAlive = false
  let connection: HTTPConnection
  let receiver: any HTTPResponseReceiver
}

/// A consumer of a response as it arrives.
@Reactor
protocol HTTPResponseReceiver: HTTPBodySink {
  /// Handles the head and returns whether the body is wanted; throws if the response is unusable.
  func begins(_ head: HTTPResponseHead) throws(HTTPError) -> Bool

  /// Throws if the bytes just received are unacceptable; called after `received`.
  func check() throws(HTTPError)

  /// A Boolean value indicating whether all wanted bytes have arrived, whatever may follow.
  var isSatisfied: Bool { get }

  /// Handles the end of the response; throws if bytes are missing.
  func ended() throws(HTTPError)
}

extension HTTPBodySink {
  /// Copies bytes to their destinations while there are any; returns the number copied.
  func deliver(_ bytes: UnsafeRawBufferPointer) -> Int {
    var rest = unsafe bytes
    var segments: [IOSegment] = []
    while unsafe !rest.isEmpty {
      segments.removeAll(keepingCapacity: true)
      layOut(&segments, limit: rest.count)
      var copied = 0
      for segment in segments where segment.count > 0 {
        guard let base = unsafe segment.base, let source = rest.baseAddress else { continue }
        let count = min(segment.count, rest.count - copied)
        guard count > 0 else { break }
        unsafe base.copyMemory(from: source + copied, byteCount: count)
        copied += count
      }
      guard copied > 0 else { break }
      received(copied)
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[copied...])
    }
    return bytes.count - rest.count
  }
}
