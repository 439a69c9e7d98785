import CHashing

/// A scheduler that feeds whole blocks of many streams, of any mix of lengths, to the kernels.
///
/// Add streams, then call `finish()`. The longest streams start first, and a lane whose stream ends
/// takes the next one. A pass costs the same however many lanes it uses, so the policy picks the
/// kernel anew whenever the number of remaining streams changes.
struct LaneRun {
  @safe
  private struct Stream {
    var words: UnsafeMutablePointer<SHA1Words>
    var data: UnsafeRawPointer
    var blocks: Int
  }

  private let policy: KernelPolicy
  private var streams: [Stream] = []

  init(policy: KernelPolicy) {
    self.policy = policy
  }

  /// Adds a stream; one stream's words must not be added twice in one run.
  mutating func add(
    _ words: UnsafeMutablePointer<SHA1Words>, _ data: UnsafeRawPointer?, blocks: Int
  ) {
    guard let data = unsafe data, blocks > 0 else { return }
    unsafe streams.append(Stream(words: words, data: data, blocks: blocks))
  }

  /// Hashes the blocks of one stream immediately.
  static func compress(_ words: inout SHA1Words, _ data: UnsafeRawPointer?, blocks: Int) {
    guard let data = unsafe data, blocks > 0 else { return }
    let kernel = KernelPolicy.current.kernel(forWaiting: 1)
    unsafe withUnsafeMutableBytes(of: &words) { words in
      var state = unsafe words.baseAddress?.assumingMemoryBound(to: UInt32.self)
      var data: UnsafePointer<UInt8>? = unsafe data.assumingMemoryBound(to: UInt8.self)
      unsafe chashing_sha1_run(kernel.number, &state, &data, blocks)
    }
  }

  /// Hashes all added streams and removes them.
  mutating func finish() {
    // Sorting by ascending length makes the longest stream the cheapest to remove.
    streams.sort { $0.blocks < $1.blocks }
    var active: [Stream] = []
    var states: [UnsafeMutablePointer<UInt32>?] = unsafe []
    var data: [UnsafePointer<UInt8>?] = unsafe []
    while !active.isEmpty || !streams.isEmpty {
      let kernel = policy.kernel(forWaiting: active.count + streams.count)
      while active.count < kernel.lanes, let next = streams.popLast() { active.append(next) }
      let used = min(kernel.lanes, active.count)
      let blocks = active[..<used].reduce(Int.max) { min($0, $1.blocks) }
      unsafe withUnsafeTemporaryAllocation(of: SHA1Words.self, capacity: kernel.lanes) { scratch in
        guard let scratch = scratch.baseAddress else { return }
        unsafe states.removeAll(keepingCapacity: true)
        unsafe data.removeAll(keepingCapacity: true)
        for lane in 0..<kernel.lanes {
          // A lane without a stream hashes the first stream's bytes into scratch words.
          let stream = active[lane < used ? lane : 0]
          if lane >= used { unsafe (scratch + lane).initialize(to: SHA1Words()) }
          let words = unsafe lane < used ? stream.words : scratch + lane
          unsafe states.append(UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt32.self))
          unsafe data.append(stream.data.assumingMemoryBound(to: UInt8.self))
        }
        unsafe chashing_sha1_run(kernel.number, states, data, blocks)
      }
      for lane in 0..<used {
        unsafe active[lane].data += blocks * 64
        active[lane].blocks -= blocks
      }
      active.removeAll { $0.blocks == 0 }
    }
  }
}
