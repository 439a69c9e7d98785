import Primitives

// Reads and writes of a single contiguous buffer.

extension Transport {
  /// Reads available data into the start of `memory`.
  package func read(into memory: UnsafeMutableRawBufferPointer) -> IOResult {
    guard let base = memory.baseAddress else { return .wouldBlock }
    var segment = unsafe IOSegment(base: base, count: memory.count)
    return unsafe withUnsafeMutablePointer(to: &segment) {
      unsafe read(into: UnsafeMutableBufferPointer(start: $0, count: 1))
    }
  }

  /// Writes as much as fits.
  package func write(_ bytes: ArraySlice<UInt8>) -> IOResult {
    unsafe bytes.withUnsafeBytes { memory in
      guard let base = memory.baseAddress else { return .wouldBlock }
      // `IOSegment` is mutable because reads share it; writing does not modify the memory.
      var segment = unsafe IOSegment(
        base: UnsafeMutableRawPointer(mutating: base), count: memory.count)
      return unsafe withUnsafeMutablePointer(to: &segment) {
        unsafe write(from: UnsafeMutableBufferPointer(start: $0, count: 1))
      }
    }
  }
}
