package import Networking
import Primitives

extension Transport {
  /// Writes all bytes; returns false if the connection did not accept them.
  package func writeAll(_ bytes: [UInt8]) async -> Bool {
    var sent = 0
    while sent < bytes.count {
      var chunk = Array(bytes[sent...])
      switch write(&chunk) {
      case .bytes(let count): sent += count
      case .wouldBlock:
        guard !Task.isCancelled else { return false }
        await waitUntilWritable()
      case .closed, .failed: return false
      }
    }
    return true
  }

  /// Reads until the end of the stream, or until `limit` bytes have arrived.
  package func readAll(upTo limit: Int = .max, chunk: Int = 65536) async -> (
    bytes: [UInt8], end: IOResult?
  ) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: chunk)
    while bytes.count < limit {
      switch read(&buffer, count: min(chunk, limit - bytes.count)) {
      case .bytes(let count): bytes += buffer[..<count]
      case .wouldBlock:
        guard !Task.isCancelled else { return (bytes, nil) }
        await waitUntilReadable()
      case let end: return (bytes, end)
      }
    }
    return (bytes, nil)
  }

  /// Tries once to write a whole array.
  package func write(_ bytes: inout [UInt8]) -> IOResult {
    write(bytes[...])
  }

  /// Tries once to read into the beginning of an array.
  package func read(_ bytes: inout [UInt8], count: Int) -> IOResult {
    bytes.withUnsafeMutableBytes {
      read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
    }
  }
}

/// Returns pseudo-random bytes.
package func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var random = SeededRandom(seed: seed)
  return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
}
