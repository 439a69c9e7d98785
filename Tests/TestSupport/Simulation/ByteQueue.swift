import Primitives

/// A queue of bytes in order of arrival.
struct ByteQueue {
  private var chunks: [ArraySlice<UInt8>] = []

  /// The number of bytes.
  private(set) var count = 0

  /// A Boolean value indicating whether the queue is empty.
  var isEmpty: Bool { count == 0 }

  /// Adds bytes at the end.
  mutating func append(_ bytes: ArraySlice<UInt8>) {
    guard !bytes.isEmpty else { return }
    chunks.append(bytes)
    count += bytes.count
  }

  /// Removes up to `limit` bytes from the front.
  mutating func take(upTo limit: Int) -> ArraySlice<UInt8> {
    guard let first = chunks.first else { return [] }
    if first.count <= limit {
      chunks.removeFirst()
      count -= first.count
      return first
    }
    let taken = first.prefix(limit)
    chunks[0] = first.dropFirst(limit)
    count -= taken.count
    return taken
  }

  /// Removes all bytes.
  mutating func removeAll() {
    chunks = []
    count = 0
  }
}
