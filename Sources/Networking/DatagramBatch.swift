package import Primitives

/// A received datagram.
package struct Datagram: Equatable, Sendable {
  /// The sender's address, which UDP lets a sender forge.
  package var source: Endpoint
  /// The payload.
  package var bytes: [UInt8]
  /// A Boolean value indicating whether the datagram exceeded its slot and lost its tail.
  package var isTruncated: Bool

  /// Creates a datagram from its parts.
  package init(source: Endpoint, bytes: [UInt8], isTruncated: Bool = false) {
    self.source = source
    self.bytes = bytes
    self.isTruncated = isTruncated
  }
}

/// A reusable buffer into which a socket receives datagrams.
///
/// `@safe`: the memory stays allocated as long as the batch, and no entry is longer than its slot.
@Reactor
@safe
package final class DatagramBatch {
  /// The number of datagrams that fit.
  package let capacity: Int
  /// The number of bytes kept of each datagram; longer ones are truncated.
  package let datagramLength: Int
  /// The number of datagrams held.
  package private(set) var count = 0

  private struct Entry {
    var source: Endpoint
    var length: Int
    var isTruncated: Bool
  }

  private let memory: UnsafeMutableRawBufferPointer
  private var entries: [Entry] = []

  /// Creates a batch for 1 to 64 datagrams of 1 to 65,536 bytes each; other values are clamped.
  package init(capacity: Int = 32, datagramLength: Int = 2048) {
    self.capacity = min(max(capacity, 1), 64)
    self.datagramLength = min(max(datagramLength, 1), 65_536)
    unsafe memory = .allocate(byteCount: self.capacity * self.datagramLength, alignment: 16)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    entries.reserveCapacity(self.capacity)
  }

  isolated deinit {
    unsafe memory.deallocate()
  }

  /// A Boolean value indicating whether the batch is full, so that more datagrams may be pending.
  package var isFull: Bool { count == capacity }

  /// Copies of the datagrams in the batch.
  package var datagrams: [Datagram] {
    entries.indices.map { place in
      unsafe Datagram(
        source: entries[place].source, bytes: withBytes(of: place) { unsafe Array($0) },
        isTruncated: entries[place].isTruncated)
    }
  }

  /// Calls `body` with a datagram's bytes in place; they are valid only during the call.
  package func withBytes<Result>(
    of place: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let start = place * datagramLength
    return try unsafe body(
      UnsafeRawBufferPointer(rebasing: memory[start..<start + entries[place].length]))
  }

  // MARK: - Filling

  /// Removes all datagrams.
  package func removeAll() {
    entries.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Appends a copy of a datagram, truncated to its slot; returns false if the batch is full.
  @discardableResult
  package func append(_ bytes: [UInt8], from source: Endpoint) -> Bool {
    guard !isFull else { return false }
    let length = min(bytes.count, datagramLength)
    let place = unsafe UnsafeMutableRawBufferPointer(
      rebasing: memory[count * datagramLength..<count * datagramLength + length])
    unsafe place.copyBytes(from: bytes.prefix(length))
    entries.append(Entry(source: source, length: length, isTruncated: length < bytes.count))
    count += 1
    return true
  }

  /// Lets a system call fill the slots, starting with the first.
  ///
  /// `body` receives the buffer and returns the source and length of each slot it filled. A slot
  /// without a source is dropped and the following ones move up.
  func fill(
    _ body: (UnsafeMutablePointer<UInt8>) -> [(source: Endpoint?, length: Int, isTruncated: Bool)]
  ) {
    removeAll()
    guard let base = unsafe memory.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    let slots = unsafe body(base)
    for (place, filled) in slots.prefix(capacity).enumerated() {
      guard let source = filled.source else { continue }
      let length = min(max(filled.length, 0), datagramLength)
      if place != count {
        let slot = unsafe base + count * datagramLength
        unsafe slot.update(from: base + place * datagramLength, count: length)
      }
      entries.append(Entry(source: source, length: length, isTruncated: filled.isTruncated))
      count += 1
    }
  }
}
