/// The part of a response's body that holds the requested range (RFC 9110 §14).
struct RangePart: Equatable {
  /// The number of leading bytes to discard.
  let skipped: Int64
  /// The number of wanted bytes that follow.
  let wanted: Int64
}

/// A check of the response head to a range request.
enum RangeCheck {
  /// Finds the wanted part of a body.
  ///
  /// - Parameters:
  ///   - head: The response head.
  ///   - request: The range request.
  /// - Throws: The reason why the response is unusable.
  /// - Returns: The number of bytes to skip and to take.
  static func part(
    of head: HTTPResponseHead, for request: HTTPRangeRequest
  ) throws(HTTPError) -> RangePart {
    let range = request.range
    let wanted = range.upperBound - range.lowerBound
    guard !head.isEncoded else { throw .badResponse("the file is sent compressed") }
    switch head.status {
    case 206:
      guard let content = head.contentRange else {
        throw .badResponse("it does not say which bytes it contains")
      }
      guard content.range == range else {
        throw .badResponse("it contains bytes \(content.range), not \(range)")
      }
      guard content.total == nil || content.total == request.fileLength else {
        throw .wrongLength(content.total)
      }
      if case .length(let length) = head.framing, length != wanted {
        throw .badResponse("it contains \(length) bytes, not \(wanted)")
      }
      return RangePart(skipped: 0, wanted: wanted)
    case 200:
      // An encoded or endless body may have any length, so only an explicit length can be compared.
      if case .length(let length) = head.framing, length != request.fileLength {
        throw .wrongLength(length)
      }
      guard range == 0..<request.fileLength || request.acceptsWholeFile else { throw .noRanges }
      return RangePart(skipped: range.lowerBound, wanted: wanted)
    default: throw .status(head.status, retryAfter: head.retryAfter)
    }
  }
}
