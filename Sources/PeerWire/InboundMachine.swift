package import Primitives

/// The receiving half of a connection, from bytes to messages and blocks, without copying payload.
///
/// A peer usually answers requests in their order, so the next headers and payloads are known
/// before they come. One turn is:
///
/// 1. `layOut(_:expectsBlocks:next:placing:)` fills a plan for one vectored read: for each expected
///    block 13 bytes of header, then its place in the piece's buffer.
/// 2. The shell reads into the plan's segments, and says how much came with `received(_:)`.
/// 3. `nextEvent(from:placing:)` is called until it returns nil. Where the headers are as foretold,
///    blocks are in place already. At the first surprise the bytes from there on move to `staged`,
///    and are decoded message by message; a block that begins there continues in its place with
///    the next read.
///
/// States: at a frame's border or inside a short message (`staged`); inside a block (`payload`);
/// inside a message that is skipped (`skipping`). Memory is bounded by the longest message that the
/// torrent allows and one block.
@safe
package struct InboundMachine: ~Copyable {
  /// A message or a block that came in.
  package enum Event: Equatable {
    /// A message other than `piece`.
    case message(PeerMessage)
    /// A whole block. If its place is aside, its bytes are at `asideBytes` until the next event.
    case block(Block, BlockPlacement)
  }

  /// The block whose payload is coming in.
  struct Payload {
    let block: Block
    var placement: BlockPlacement
    /// The number of its bytes that have arrived.
    var count = 0
  }

  let geometry: PieceGeometry
  var payload: Payload?
  /// The number of bytes of an unknown message that are still to be skipped.
  var skipping = 0
  /// Bytes that are not decoded yet: those from `stageStart` on.
  var staged: [UInt8] = []
  var stageStart = 0

  /// The number of bytes of the last read that are not consumed yet.
  var available = 0
  /// The part of the plan that holds the next of them, and the number of its bytes consumed.
  var part = 0
  var consumed = 0

  /// The number of blocks worth laying out: about twice as many as the last read brought.
  private var worthwhileBlocks = 8
  private var asideStore: UnsafeMutableRawBufferPointer?

  /// Starts right after the handshake, or with the bytes that were read since then.
  package init(geometry: PieceGeometry, received: [UInt8] = []) {
    self.geometry = geometry
    staged = received
  }

  deinit {
    unsafe asideStore?.deallocate()
  }

  /// The bytes of the block that was received aside, valid until the next event is drawn.
  package var asideBytes: UnsafeRawPointer? {
    unsafe asideStore.flatMap { UnsafeRawPointer($0.baseAddress) }
  }

  /// A Boolean value indicating whether the next byte belongs to a block that has begun.
  package var isInsideBlock: Bool { payload != nil }

  /// The number of missing bytes of the block that has begun, or else of the next one.
  package var bytesToBlockEnd: Int {
    payload.map { $0.block.length - $0.count } ?? Block.standardLength
  }

  /// Discards the rest of a block that has begun and is no longer wanted.
  ///
  /// The block may be requested again, and its place used for the new copy, before the rest of the
  /// old copy is here; the two must not be taken for one.
  package mutating func abandon(_ block: Block) {
    guard payload?.block == block, payload?.count != 0 else { return }
    payload?.placement = .discard
  }

  // MARK: - Planning

  /// Lays out the next read.
  ///
  /// `next` returns the outstanding blocks with their places, in the order of the requests, and nil
  /// after the last one; it is called from index 0 on for as long as it pays to lay blocks out.
  /// `placing` returns the place of the block whose first bytes are here already. Both are called
  /// anew for each read, because another peer may have delivered a block in the meantime.
  package mutating func layOut(
    _ plan: ReadPlan, expectsBlocks: Bool, next: (_ index: Int) -> ExpectedBlock?,
    placing: BlockPlacing
  ) {
    plan.reset()
    available = 0
    part = 0
    consumed = 0
    if skipping > 0 {
      plan.appendTrash(skipping)
      return
    }
    if let current = payload {
      let placement = Self.settle(current, now: placing(current.block))
      payload?.placement = placement
      let base = unsafe address(of: placement, length: current.block.length)
      unsafe plan.appendPayload(
        at: base + current.count, count: current.block.length - current.count)
    } else if stageStart < staged.count {
      // Inside a message that did not come as foretold: finish it before predicting again.
      plan.appendStage(expectsBlocks ? ReadPlan.shortStageLength : ReadPlan.stageLength)
      return
    }
    appendPredicted(plan, next)
    if plan.parts.isEmpty { plan.appendStage(ReadPlan.stageLength) }
  }

  /// Lays out the next read of a connection without requests; any block that arrives is discarded.
  package mutating func layOut(_ plan: ReadPlan) {
    layOut(plan, expectsBlocks: false, next: { _ in nil }, placing: { _ in .discard })
  }

  private mutating func appendPredicted(
    _ plan: ReadPlan, _ nextBlock: (Int) -> ExpectedBlock?
  ) {
    // Only one block of a plan may lie aside, because there is one place for it.
    var asideIsTaken = payload.map { $0.placement.isInPlace == false } ?? false
    for index in 0..<worthwhileBlocks {
      guard let next = nextBlock(index) else { return }
      if next.block == payload?.block { continue }
      if !next.placement.isInPlace {
        guard !asideIsTaken else { return }
        asideIsTaken = true
      }
      unsafe plan.appendBlock(
        next.block, next.placement, at: address(of: next.placement, length: next.block.length))
    }
  }

  /// Returns the place for the rest of a block: the one where it has begun, or nowhere.
  private static func settle(_ payload: Payload, now placement: BlockPlacement) -> BlockPlacement {
    payload.count == 0 || payload.placement == placement ? placement : .discard
  }

  /// Returns the address for a block's first byte; discarded bytes overwrite the place aside.
  mutating func address(of placement: BlockPlacement, length: Int) -> UnsafeMutableRawPointer {
    if case .direct(let base) = placement { return unsafe base }
    if let store = unsafe asideStore, store.count >= length, let base = store.baseAddress {
      return unsafe base
    }
    unsafe asideStore?.deallocate()
    let store = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 16)
    unsafe store.initializeMemory(as: UInt8.self, repeating: 0, count: length)
    unsafe asideStore = UnsafeMutableRawBufferPointer(start: store, count: length)
    return unsafe store
  }

  /// Notes the number of bytes that the read brought; `nextEvent` tells their meaning.
  package mutating func received(_ count: Int) {
    available = count
    worthwhileBlocks = min(
      ReadPlan.maximumBlocks, max(4, 2 * count / Block.standardLength + 2))
  }
}

extension BlockPlacement {
  /// A Boolean value indicating whether the bytes go straight to the piece's buffer.
  fileprivate var isInPlace: Bool { if case .direct = self { true } else { false } }
}
