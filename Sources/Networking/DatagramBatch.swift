package import Primitives

/// One datagram that has come in.
package struct Datagram: Equatable, Sendable {
  /// Who sent it, if the sender has not lied.
  package var source: Endpoint
  /// What it carries.
  package var bytes: [UInt8]
  /// Whether it was longer than the batch's places, so that its end is lost.
  package var isTruncated: Bool

  /// Describes a datagram.
  package init(source: Endpoint, bytes: [UInt8], isTruncated: Bool = false) {
    self.source = source
    self.bytes = bytes
    self.isTruncated = isTruncated
  }
}

/// The memory into which datagrams are received, used again and again.
@Reactor
package final class DatagramBatch {
  /// How many datagrams fit.
  package let capacity: Int
  /// How many bytes of each fit; longer ones are cut.
  package let datagramLength: Int
  /// How many there are.
  package private(set) var count = 0

  private struct Entry {
    var source: Endpoint
    var length: Int
    var isTruncated: Bool
  }

  private let memory: UnsafeMutableRawBufferPointer
  private var entries: [Entry] = []

  /// Makes room for 1 to 64 datagrams of 1 to 65,536 bytes each; other numbers are clamped.
  package init(capacity: Int = 32, datagramLength: Int = 2048) {
    self.capacity = min(max(capacity, 1), 64)
    self.datagramLength = min(max(datagramLength, 1), 65_536)
    memory = .allocate(byteCount: self.capacity * self.datagramLength, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    entries.reserveCapacity(self.capacity)
  }

  isolated deinit {
    memory.deallocate()
  }

  /// Whether there may be more where these came from.
  package var isFull: Bool { count == capacity }

  /// The datagrams, copied out of the batch.
  package var datagrams: [Datagram] {
    entries.indices.map { place in
      Datagram(
        source: entries[place].source, bytes: withBytes(of: place) { Array($0) },
        isTruncated: entries[place].isTruncated)
    }
  }

  /// Who sent a datagram.
  package func source(of place: Int) -> Endpoint { entries[place].source }

  /// Whether the end of a datagram is lost.
  package func isTruncated(_ place: Int) -> Bool { entries[place].isTruncated }

  /// Calls `body` with a datagram's bytes where they are; they may not be kept.
  package func withBytes<Result>(
    of place: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let start = place * datagramLength
    return try body(
      UnsafeRawBufferPointer(rebasing: memory[start..<start + entries[place].length]))
  }

  // MARK: - Filling

  /// Forgets what is there.
  package func removeAll() {
    entries.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Adds a datagram by copying it, cut to what fits; false when the batch is full.
  @discardableResult
  package func append(_ bytes: [UInt8], from source: Endpoint) -> Bool {
    guard !isFull else { return false }
    let length = min(bytes.count, datagramLength)
    let place = UnsafeMutableRawBufferPointer(
      rebasing: memory[count * datagramLength..<count * datagramLength + length])
    place.copyBytes(from: bytes.prefix(length))
    entries.append(Entry(source: source, length: length, isTruncated: length < bytes.count))
    count += 1
    return true
  }

  /// Lets a system call write into all places, from the first one on.
  ///
  /// `body` gets the memory and says of each place that was filled who sent it and how long it is;
  /// nil leaves a hole, which is closed.
  func fill(
    _ body: (UnsafeMutablePointer<UInt8>) -> [(source: Endpoint?, length: Int, isTruncated: Bool)]
  ) {
    removeAll()
    guard let base = memory.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    for (place, filled) in body(base).prefix(capacity).enumerated() {
      guard let source = filled.source else { continue }
      let length = min(max(filled.length, 0), datagramLength)
      if place != count {
        (base + count * datagramLength).update(from: base + place * datagramLength, count: length)
      }
      entries.append(Entry(source: source, length: length, isTruncated: filled.isTruncated))
      count += 1
    }
  }
}
