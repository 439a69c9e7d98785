internal import Networking
internal import Primitives

/// A receiver that collects a whole body up to a size limit.
@Reactor
@safe
final class ResponseCollector: HTTPResponseReceiver {
  private static let chunkLength = 16 << 10

  private let limit: Int
  private let chunk = UnsafeMutableRawPointer.allocate(byteCount: chunkLength, alignment: 16)
  private(set) var body: [UInt8] = []
  private var isTooLong = false

  init(limit: Int) {
    self.limit = limit
  }

  isolated deinit {
    unsafe chunk.deallocate()
  }

  var isSatisfied: Bool { false }

  func begins(_ head: HTTPResponseHead) throws(HTTPError) -> Bool {
    guard head.redirect == nil else { return false }
    guard !head.isEncoded else {
      throw .badResponse("the body is compressed, although no compression was requested")
    }
    if case .length(let length) = head.framing, length > Int64(limit) {
      throw .bodyTooLong(limit: limit)
    }
    return true
  }

  func layOut(_ segments: inout [IOSegment], limit: Int) {
    unsafe segments.append(IOSegment(base: chunk, count: min(Self.chunkLength, limit)))
  }

  func received(_ count: Int) {
    guard count <= limit - body.count else {
      isTooLong = true
      return
    }
    unsafe body.append(contentsOf: UnsafeRawBufferPointer(start: chunk, count: count))
  }

  func check() throws(HTTPError) {
    if isTooLong { throw .bodyTooLong(limit: limit) }
  }

  func ended() throws(HTTPError) {}
}
