/// Which part of a response's body is the range that was asked for (RFC 9110 §14).
struct RangePart: Equatable {
  /// How many bytes come first that nobody wants.
  let skipped: Int64
  /// How many bytes after those are wanted.
  let wanted: Int64
}

/// Judges the head of the answer to a request for a range.
enum RangeCheck {
  /// Finds the wanted part.
  ///
  /// - Parameters:
  ///   - head: What the server says.
  ///   - request: What was asked for.
  /// - Throws: Why the answer is of no use.
  /// - Returns: What to skip and what to take of its body.
  static func part(
    of head: HTTPResponseHead, for request: HTTPRangeRequest
  ) throws(HTTPError) -> RangePart {
    let range = request.range
    let wanted = range.upperBound - range.lowerBound
    guard !head.isEncoded else { throw .badResponse("the file comes compressed") }
    switch head.status {
    case 206:
      guard let content = head.contentRange else {
        throw .badResponse("it does not say which bytes it has")
      }
      guard content.range == range else {
        throw .badResponse("it has bytes \(content.range), not \(range)")
      }
      guard content.total == nil || content.total == request.fileLength else {
        throw .wrongLength(content.total)
      }
      if case .length(let length) = head.framing, length != wanted {
        throw .badResponse("it has \(length) bytes, not \(wanted)")
      }
      return RangePart(skipped: 0, wanted: wanted)
    case 200:
      // An encoded or endless body may have any length, so only a given one can be compared.
      if case .length(let length) = head.framing, length != request.fileLength {
        throw .wrongLength(length)
      }
      guard range == 0..<request.fileLength || request.acceptsWholeFile else { throw .noRanges }
      return RangePart(skipped: range.lowerBound, wanted: wanted)
    default: throw .status(head.status, retryAfter: head.retryAfter)
    }
  }
}
