import Primitives

/// Bytes in the order of their arrival.
struct ByteQueue {
  private var chunks: [ArraySlice<UInt8>] = []

  /// How many bytes there are.
  private(set) var count = 0

  /// Whether there are none.
  var isEmpty: Bool { count == 0 }

  /// Adds bytes at the end.
  mutating func append(_ bytes: ArraySlice<UInt8>) {
    guard !bytes.isEmpty else { return }
    chunks.append(bytes)
    count += bytes.count
  }

  /// Takes up to `limit` bytes from the front.
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

  /// Drops everything.
  mutating func removeAll() {
    chunks = []
    count = 0
  }
}
