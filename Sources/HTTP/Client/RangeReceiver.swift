internal import Networking
internal import Primitives

/// A receiver that passes the wanted part of a body to a sink and checks that the server sends the
/// requested range.
@Reactor
@safe
final class RangeReceiver: HTTPResponseReceiver {
  private static let scratchLength = 64 << 10

  private let request: HTTPRangeRequest
  private let sink: any HTTPBodySink
  private let deadline: ExchangeDeadline
  private var skipped: Int64 = 0
  private var wanted: Int64
  /// The buffer for skipped bytes, allocated on first use.
  private var scratch: UnsafeMutableRawPointer?

  init(_ request: HTTPRangeRequest, sink: any HTTPBodySink, deadline: ExchangeDeadline) {
    self.request = request
    self.sink = sink
    self.deadline = deadline
    wanted = request.range.upperBound - request.range.lowerBound
  }

  isolated deinit {
    unsafe scratch?.deallocate()
  }

  var isSatisfied: Bool { wanted == 0 }

  func begins(_ head: HTTPResponseHead) throws(HTTPError) -> Bool {
    deadline.extend(by: request.stallTimeout)
    guard head.redirect == nil else { return false }
    let part = try RangeCheck.part(of: head, for: request)
    skipped = part.skipped
    wanted = part.wanted
    return true
  }

  func layOut(_ segments: inout [IOSegment], limit: Int) {
    guard skipped > 0 else {
      return sink.layOut(&segments, limit: Int(min(Int64(limit), wanted)))
    }
    let memory = unsafe scratch ?? .allocate(byteCount: Self.scratchLength, alignment: 16)
    unsafe scratch = memory
    let count = min(min(Int64(limit), skipped), Int64(Self.scratchLength))
    unsafe segments.append(IOSegment(base: memory, count: Int(count)))
  }

  func received(_ count: Int) {
    deadline.extend(by: request.stallTimeout)
    if skipped > 0 {
      skipped -= Int64(count)
    } else {
      wanted -= Int64(count)
      sink.received(count)
    }
  }

  func waitForRoom() async -> Bool {
    guard skipped == 0, wanted > 0, await sink.waitForRoom() else { return false }
    // The wait for room was not the server's fault.
    deadline.extend(by: request.stallTimeout)
    return true
  }

  func check() throws(HTTPError) {}

  func ended() throws(HTTPError) {
    guard wanted == 0 else {
      throw .badResponse("the body ends \(wanted) bytes short")
    }
  }
}
