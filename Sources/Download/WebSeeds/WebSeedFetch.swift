import HTTP
import Networking
import PeerWire
import Primitives
import Swarm

/// A run of contiguous blocks on its way from a web seed into the pieces' buffers.
///
/// For each read it checks anew whether a block is still wanted and where it goes, since another
/// peer may deliver it first. Once none of the remaining blocks is wanted, the run accepts no more
/// bytes.
///
/// `@safe`: both buffers stay allocated until the end of the fetch, and every segment ends within
/// the memory of its blocks or within one of the two buffers.
@Reactor
@safe
final class WebSeedFetch: HTTPBodySink {
  private static let scratchLength = 64 << 10

  /// A continuation of a run.
  struct Extension {
    /// The number of bytes between the run and the blocks.
    var gap = 0
    var blocks: [BlockRequest] = []
  }

  private unowned let connection: WebSeedConnection
  /// A Boolean value indicating whether the run may be extended.
  let isExtensible: Bool
  private(set) var blocks: [BlockRequest]
  /// The blocks that are no longer needed from us.
  private var isSpoiled: [Bool]
  /// The block that is arriving, and the number of its bytes received.
  private var current = 0
  private var filled = 0
  /// The number of unneeded bytes before that block.
  private var gap = 0
  /// A buffer for a block that must not go into its piece yet, and one for unneeded bytes.
  private let aside = UnsafeMutableRawPointer.allocate(
    byteCount: Block.standardLength, alignment: 4096)
  private let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: scratchLength, alignment: 4096)
  private var isStopped = false

  init(_ blocks: [BlockRequest], connection: WebSeedConnection, isExtensible: Bool) {
    self.blocks = blocks
    self.isExtensible = isExtensible
    self.connection = connection
    isSpoiled = Array(repeating: false, count: blocks.count)
  }

  isolated deinit {
    unsafe aside.deallocate()
    unsafe scratch.deallocate()
  }

  /// The range of the torrent that is still to come; nil if it is complete or none of it is wanted.
  var rest: Range<Int64>? {
    guard !isStopped, hasUse(), let last = blocks.last else { return nil }
    let start = connection.offset(of: blocks[current].block) + Int64(filled - gap)
    return start..<connection.offset(of: last.block) + Int64(last.block.length)
  }

  /// The last block so far.
  var last: Block? { blocks.last?.block }

  /// The blocks that have not arrived completely.
  var missing: [Block] { blocks[min(current, blocks.count)...].map(\.block) }

  /// Stops accepting bytes.
  func stop() {
    isStopped = true
  }

  /// Handles the delivery of a block by another peer; returns whether the block was one of ours.
  func cancel(_ block: Block) -> Bool {
    guard let index = blocks[min(current, blocks.count)...].firstIndex(where: { $0.block == block })
    else { return false }
    isSpoiled[index] = true
    return true
  }

  /// Returns whether any remaining block is still wanted.
  private func hasUse() -> Bool {
    var index = current
    while index < blocks.count {
      if place(of: index) != .discard { return true }
      index += 1
    }
    return false
  }

  /// Returns the placement of a block, which stays `discard` once it is.
  private func place(of index: Int) -> BlockPlacement {
    if isSpoiled[index] { return .discard }
    let place = connection.placement(of: blocks[index])
    if place == .discard { isSpoiled[index] = true }
    return place
  }

  // MARK: - HTTPBodySink

  func layOut(_ segments: inout [IOSegment], limit: Int) {
    if current == blocks.count {
      let more = connection.extend()
      gap = more.gap
      blocks += more.blocks
      isSpoiled += more.blocks.map { _ in false }
    }
    guard !isStopped, hasUse(), !connection.isHeld else { return }
    guard gap == 0 else { return unsafe append(scratch, min(gap, limit), to: &segments) }
    var room = limit
    var index = current
    var start = filled
    while room > 0, index < blocks.count {
      let length = min(blocks[index].block.length - start, room)
      switch place(of: index) {
      case .direct(let address): unsafe append(address + start, length, to: &segments)
      case .discard: unsafe append(scratch, length, to: &segments)
      case .aside:
        // There is only one such buffer, so the following blocks wait for the next read.
        unsafe append(aside + start, length, to: &segments)
        return
      }
      room -= length
      index += 1
      start = 0
    }
  }

  /// Appends a segment, merging it with an adjacent one.
  private func append(
    _ base: UnsafeMutableRawPointer, _ count: Int, to segments: inout [IOSegment]
  ) {
    if unsafe base == scratch {
      unsafe segments.append(IOSegment(base: base, count: min(count, Self.scratchLength)))
    } else if let last = segments.last, unsafe base != scratch,
      unsafe last.base.map({ unsafe $0 + last.count }) == base
    {
      segments[segments.count - 1].count += count
    } else {
      unsafe segments.append(IOSegment(base: base, count: count))
    }
  }

  func received(_ count: Int) {
    let skipped = min(gap, count)
    connection.arrived(count, wasted: skipped)
    gap -= skipped
    var left = count - skipped
    while left > 0, current < blocks.count {
      let request = blocks[current]
      let step = min(request.block.length - filled, left)
      filled += step
      left -= step
      guard filled == request.block.length else { return }
      let isWanted = !isSpoiled[current]
      filled = 0
      current += 1
      unsafe connection.finished(
        request, isWanted: isWanted, aside: request.isDuplicate ? UnsafeRawPointer(aside) : nil)
    }
  }

  func waitForRoom() async -> Bool {
    guard !isStopped else { return false }
    if current == blocks.count { return await connection.waitForMemory() }
    return hasUse() ? await connection.waitForBacklog() : false
  }

  /// Fills in padding, which is not downloaded.
  func receiveZeros(_ count: Int) {
    var left = count
    while left > 0 {
      var segments: [IOSegment] = []
      layOut(&segments, limit: left)
      guard !segments.isEmpty else { return }
      var done = 0
      for segment in segments {
        unsafe segment.base?.initializeMemory(as: UInt8.self, repeating: 0, count: segment.count)
        done += segment.count
      }
      received(done)
      left -= done
    }
  }
}
