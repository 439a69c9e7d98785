package import Primitives

/// The layout of one vectored read, and the memory for bytes that have no place of their own.
///
/// A plan lives from the read to the last event drawn from it, without a pause between, so all
/// connections of a loop share one: a thousand idle peers cost no buffers.
@safe
package final class ReadPlan {
  /// The content of one segment.
  enum Part {
    /// The 13 bytes that are expected before this block.
    case header(Block, BlockPlacement)
    /// The rest of the payload of the block before it.
    case payload
    /// Bytes that are still to be decoded.
    case stage
    /// Bytes of a message that is skipped.
    case trash
  }

  /// The most blocks that one read is laid out for.
  package static let maximumBlocks = 32
  /// The number of bytes to read when no block is expected.
  static let stageLength = 16 << 10
  /// The number of bytes to read to finish a message while blocks are expected.
  static let shortStageLength = 512

  private static let headerStride = 16
  private static let maximumParts = 2 * maximumBlocks + 2

  /// The parts of this plan, one for each segment in use.
  private(set) var parts: [Part] = []
  private let segmentStore: UnsafeMutableBufferPointer<IOSegment>
  private let headers: UnsafeMutableRawPointer
  private let stage: UnsafeMutableRawPointer
  private var blockCount = 0

  /// Makes the memory that all plans use.
  package init() {
    unsafe segmentStore = .allocate(capacity: Self.maximumParts)
    unsafe headers = .allocate(byteCount: Self.headerStride * Self.maximumBlocks, alignment: 16)
    unsafe stage = .allocate(byteCount: Self.stageLength, alignment: 16)
    unsafe headers.initializeMemory(
      as: UInt8.self, repeating: 0, count: Self.headerStride * Self.maximumBlocks)
    unsafe stage.initializeMemory(as: UInt8.self, repeating: 0, count: Self.stageLength)
    unsafe segmentStore.initialize(repeating: IOSegment(base: headers, count: 0))
    parts.reserveCapacity(Self.maximumParts)
  }

  deinit {
    unsafe segmentStore.deallocate()
    unsafe headers.deallocate()
    unsafe stage.deallocate()
  }

  /// The segments to read into.
  package var segments: UnsafeMutableBufferPointer<IOSegment> {
    unsafe UnsafeMutableBufferPointer(rebasing: segmentStore[..<parts.count])
  }

  func reset() {
    parts.removeAll(keepingCapacity: true)
    blockCount = 0
  }

  /// Lays out a block that has not begun: its header, then its payload at `base`.
  func appendBlock(_ block: Block, _ placement: BlockPlacement, at base: UnsafeMutableRawPointer) {
    let header = unsafe headers + blockCount * Self.headerStride
    unsafe append(.header(block, placement), header, PeerMessage.pieceHeaderLength)
    unsafe append(.payload, base, block.length)
    blockCount += 1
  }

  /// Lays out the rest of a block that has begun.
  func appendPayload(at base: UnsafeMutableRawPointer, count: Int) {
    unsafe append(.payload, base, count)
  }

  /// Lays out bytes that are decoded before they go anywhere.
  func appendStage(_ count: Int) {
    unsafe append(.stage, stage, min(count, Self.stageLength))
  }

  /// Lays out bytes that are dropped.
  func appendTrash(_ count: Int) {
    unsafe append(.trash, stage, min(count, Self.stageLength))
  }

  private func append(_ part: Part, _ base: UnsafeMutableRawPointer, _ count: Int) {
    unsafe segmentStore[parts.count] = IOSegment(base: base, count: count)
    parts.append(part)
  }
}
