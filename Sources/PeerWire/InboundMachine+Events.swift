package import Primitives

// From the bytes of one read to events: the foretold path first, then the decoder of other bytes.

extension InboundMachine {
  /// Returns the next event of the bytes received; nil when they are used up.
  ///
  /// Throws when the peer broke the protocol; the connection is then of no further use.
  package mutating func nextEvent(
    from plan: ReadPlan, placing: (_ block: Block) -> BlockPlacement
  ) throws(WireError) -> Event? {
    while true {
      if stageStart < staged.count {
        if let event = try nextStagedEvent(placing) { return event }
        // The staged bytes are the beginning of a message, which goes on in the plan if bytes are
        // left there.
        guard available > 0 else { return nil }
      }
      guard available > 0 else { return nil }
      if let block = takeForetold(from: plan) { return block }
    }
  }

  // MARK: - The foretold path

  /// Consumes one part of the plan; returns the block that it completes.
  private mutating func takeForetold(from plan: ReadPlan) -> Event? {
    let segment = unsafe plan.segments[part]
    let count = min(available, segment.count - consumed)
    switch plan.parts[part] {
    case .header(let block, let placement):
      guard count == PeerMessage.pieceHeaderLength, let base = unsafe segment.base,
        unsafe Self.header(at: base, announces: block)
      else {
        stageRest(of: plan)
        return nil
      }
      payload = Payload(block: block, placement: placement)
      advance(count, in: segment)
      return nil
    case .payload:
      advance(count, in: segment)
      return takePayload(count)
    case .stage:
      stageRest(of: plan)
      return nil
    case .trash:
      skipping -= count
      advance(count, in: segment)
      return nil
    }
  }

  private mutating func advance(_ count: Int, in segment: IOSegment) {
    available -= count
    consumed += count
    if consumed == segment.count {
      part += 1
      consumed = 0
    }
  }

  /// Counts bytes of the current block that have reached their place.
  private mutating func takePayload(_ count: Int) -> Event? {
    guard var current = payload else { return nil }
    current.count += count
    guard current.count == current.block.length else {
      payload = current
      return nil
    }
    payload = nil
    return .block(current.block, current.placement)
  }

  private static func header(at base: UnsafeMutableRawPointer, announces block: Block) -> Bool {
    let bytes = UnsafeRawPointer(base)
    return unsafe bytes.loadBigEndianUInt32(at: 0) == UInt32(truncatingIfNeeded: 9 + block.length)
      && bytes.load(fromByteOffset: 4, as: UInt8.self) == PeerMessage.ID.piece
      && bytes.loadBigEndianUInt32(at: 5) == UInt32(truncatingIfNeeded: block.piece.value)
      && bytes.loadBigEndianUInt32(at: 9) == UInt32(truncatingIfNeeded: block.offset)
  }

  /// Moves every byte not consumed yet to `staged`, in order.
  private mutating func stageRest(of plan: ReadPlan) {
    if stageStart > 0 {
      staged.removeFirst(stageStart)
      stageStart = 0
    }
    while available > 0 {
      let segment = unsafe plan.segments[part]
      let count = min(available, segment.count - consumed)
      if let base = unsafe segment.base {
        unsafe staged.append(
          contentsOf: UnsafeRawBufferPointer(start: base + consumed, count: count))
      }
      advance(count, in: segment)
    }
  }

  // MARK: - Other bytes

  /// Decodes the front of `staged`; nil when more bytes are needed.
  private mutating func nextStagedEvent(_ placing: BlockPlacing) throws(WireError) -> Event? {
    while true {
      if skipping > 0 { skipStaged() }
      if payload != nil {
        if let event = placeStaged() { return event }
      }
      guard payload == nil, skipping == 0, stagedCount >= 4 else { return nil }
      let length = Int(stagedNumber(at: 0))
      if length == 0 {
        dropStaged(4)
        return .message(.keepAlive)
      }
      guard stagedCount >= 5 else { return nil }
      let id = staged[stageStart + 4]
      switch try FrameRule.judge(id: id, length: length, pieceCount: geometry.pieceCount) {
      case .skip:
        dropStaged(5)
        skipping = length - 1
        return .message(.unknown(id: id))
      case .read(let rule) where rule.body == .block:
        guard try beginBlock(frameLength: length, placing) else { return nil }
      case .read:
        return try takeMessage(id: id, frameLength: length).map { .message($0) }
      }
    }
  }

  /// Takes a block's header off the stage; false when it is not whole yet.
  private mutating func beginBlock(
    frameLength: Int, _ placing: BlockPlacing
  ) throws(WireError) -> Bool {
    guard stagedCount >= PeerMessage.pieceHeaderLength else { return false }
    let (piece, offset) = (stagedNumber(at: 5), stagedNumber(at: 9))
    let length = UInt32(frameLength - 9)
    guard let block = geometry.block(piece: piece, offset: offset, length: length) else {
      throw .badBlock(piece: piece, offset: offset, length: length)
    }
    dropStaged(PeerMessage.pieceHeaderLength)
    payload = Payload(block: block, placement: placing(block))
    return true
  }

  /// Copies staged bytes of the current block to their place; returns the block once it is whole.
  private mutating func placeStaged() -> Event? {
    guard let current = payload else { return nil }
    let count = min(stagedCount, current.block.length - current.count)
    let base = unsafe address(of: current.placement, length: current.block.length)
    unsafe staged.withUnsafeBytes { bytes in
      let source = unsafe UnsafeRawBufferPointer(rebasing: bytes[stageStart..<stageStart + count])
      unsafe UnsafeMutableRawBufferPointer(start: base + current.count, count: count)
        .copyMemory(from: source)
    }
    dropStaged(count)
    return takePayload(count)
  }

  /// Takes a message other than `piece` off the stage; nil when it is not whole yet.
  private mutating func takeMessage(
    id: UInt8, frameLength: Int
  ) throws(WireError) -> PeerMessage? {
    guard stagedCount >= 4 + frameLength else { return nil }
    let body = Array(staged[stageStart + 5..<stageStart + 4 + frameLength])
    dropStaged(4 + frameLength)
    return try PeerMessage.decode(id: id, body: body, geometry: geometry)
  }

  private mutating func skipStaged() {
    let count = min(skipping, stagedCount)
    skipping -= count
    dropStaged(count)
  }

  private var stagedCount: Int { staged.count - stageStart }

  private func stagedNumber(at offset: Int) -> UInt32 {
    unsafe staged.withUnsafeBytes { bytes in
      unsafe UInt32(
        bigEndian: bytes.loadUnaligned(fromByteOffset: stageStart + offset, as: UInt32.self))
    }
  }

  private mutating func dropStaged(_ count: Int) {
    stageStart += count
    if stageStart == staged.count {
      staged.removeAll(keepingCapacity: staged.capacity <= 4 * ReadPlan.stageLength)
      stageStart = 0
    }
  }
}
