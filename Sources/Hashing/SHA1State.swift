/// An incremental SHA-1 of a message that arrives in parts.
///
/// The value takes about 100 bytes and no heap memory, so every piece in flight can have one. A big
/// piece is then hashed as its blocks arrive and need not be held in memory. `update(_:with:)`
/// feeds many states at once across the CPU's lanes, at the speed of hashing whole buffers.
public struct SHA1State: Sendable {
  private typealias Block = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

  private var words = SHA1Words()
  /// The number of bytes so far; those beyond the last whole block are in `rest`.
  private var count: UInt64 = 0
  private var rest: Block = (0, 0, 0, 0, 0, 0, 0, 0)

  /// Creates the state of an empty message.
  public init() {}

  private var restCount: Int { Int(count % 64) }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var run = LaneRun(policy: .current)
    unsafe withUnsafeMutablePointer(to: &self) { state in
      let end = unsafe Self.prepare(state, bytes, &run)
      run.finish()
      unsafe state.pointee.keep(end)
    }
  }

  /// Appends one chunk to each of many messages: `chunks[i]` to `states[i]`.
  ///
  /// It is fastest for chunks of equal length that are a multiple of 64 bytes, such as blocks of 16
  /// KiB. There must be as many chunks as states.
  public static func update(_ states: inout [SHA1State], with chunks: [UnsafeRawBufferPointer]) {
    unsafe precondition(states.count == chunks.count, "as many chunks as states")
    var run = LaneRun(policy: .current)
    unsafe states.withUnsafeMutableBufferPointer { states in
      guard let states = states.baseAddress else { return }
      let ends = unsafe chunks.enumerated().map { unsafe prepare(states + $0, $1, &run) }
      run.finish()
      for index in unsafe ends.indices { unsafe states[index].keep(ends[index]) }
    }
  }

  /// Finishes the message and returns its hash.
  public consuming func finish() -> SHA1Digest {
    let length = count
    let restLength = restCount
    var rest = rest
    var tail = unsafe withUnsafeBytes(of: &rest) { bytes in
      unsafe SHA1Tail(
        rest: UnsafeRawBufferPointer(rebasing: bytes[..<restLength]), messageLength: length)
    }
    let blocks = tail.blockCount
    var words = words
    unsafe withUnsafeBytes(of: &tail) {
      unsafe LaneRun.compress(&words, $0.baseAddress, blocks: blocks)
    }
    return SHA1Digest(words: words)
  }

  // MARK: - Parts

  /// Completes the pending block of a state, and schedules the whole blocks after it for hashing.
  ///
  /// Returns the left-over bytes, which the caller keeps in the state after the run.
  private static func prepare(
    _ state: UnsafeMutablePointer<SHA1State>, _ bytes: UnsafeRawBufferPointer, _ run: inout LaneRun
  ) -> UnsafeRawBufferPointer {
    var bytes = unsafe bytes
    let held = unsafe state.pointee.restCount
    if held > 0 {
      let missing = min(64 - held, bytes.count)
      unsafe state.pointee.append(UnsafeRawBufferPointer(rebasing: bytes[..<missing]), at: held)
      unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes[missing...])
      if held + missing == 64 {
        var words = unsafe state.pointee.words
        unsafe withUnsafeBytes(of: &state.pointee.rest) { block in
          unsafe LaneRun.compress(&words, block.baseAddress, blocks: 1)
        }
        unsafe state.pointee.words = words
      }
    }
    let whole = bytes.count & ~63
    if let words = MemoryLayout<SHA1State>.offset(of: \.words), whole > 0 {
      unsafe run.add(
        (UnsafeMutableRawPointer(state) + words).assumingMemoryBound(to: SHA1Words.self),
        bytes.baseAddress, blocks: whole / 64)
      unsafe state.pointee.count += UInt64(whole)
    }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[whole...])
  }

  private mutating func keep(_ end: UnsafeRawBufferPointer) {
    if unsafe !end.isEmpty { unsafe append(end, at: 0) }
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    unsafe withUnsafeMutableBytes(of: &rest) { rest in
      unsafe UnsafeMutableRawBufferPointer(rebasing: rest[offset...]).copyMemory(from: bytes)
    }
    count += UInt64(bytes.count)
  }
}
