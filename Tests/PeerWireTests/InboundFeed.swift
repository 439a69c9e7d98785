import PeerWire
import Primitives

/// Feeds a machine from memory the way a socket does: each read takes at most `limit` bytes.
///
/// It stands in for a session: blocks that were asked for go straight to `storage` unless the test
/// says otherwise, and arrive in `blocks` in the order in which they became whole.
struct InboundFeed: ~Copyable {
  let geometry: PieceGeometry
  var machine: InboundMachine
  /// The blocks that were asked for and have not come, in order.
  private var expected: [Block] = []
  let plan = ReadPlan()
  let storage: UnsafeMutableRawBufferPointer
  var placement: (Block) -> BlockPlacement?
  var messages: [PeerMessage] = []
  var blocks: [Block] = []
  /// The placement of each of them.
  var placements: [BlockPlacement] = []
  var asideBlocks: [Block: [UInt8]] = [:]
  /// The largest number of bytes that any read had room for.
  var longestRead = 0

  init(geometry: PieceGeometry, placement: @escaping (Block) -> BlockPlacement? = { _ in nil }) {
    self.geometry = geometry
    self.placement = placement
    machine = InboundMachine(geometry: geometry)
    storage = .allocate(byteCount: Int(geometry.totalLength), alignment: 16)
    storage.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { storage.deallocate() }

  var stored: [UInt8] { Array(storage) }

  mutating func request(_ block: Block) {
    expected.append(block)
  }

  /// Delivers all the bytes, `limit` at a time.
  mutating func deliver(_ bytes: [UInt8], limit: Int) throws(WireError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let place = placing()
      let expected = expected
      machine.layOut(
        plan, expectsBlocks: !expected.isEmpty,
        next: { $0 < expected.count ? ExpectedBlock(expected[$0], place(expected[$0])) : nil },
        placing: place)
      var taken = 0
      longestRead = max(longestRead, plan.segments.reduce(0) { $0 + $1.count })
      for segment in plan.segments {
        let count = min(segment.count, limit - taken, rest.count)
        rest.prefix(count).withUnsafeBytes { source in
          UnsafeMutableRawBufferPointer(start: segment.base, count: count).copyMemory(from: source)
        }
        rest = rest.dropFirst(count)
        taken += count
      }
      machine.received(taken)
      while let event = try machine.nextEvent(from: plan, placing: place) {
        note(event)
      }
    }
  }

  private func placing() -> BlockPlacing {
    let (geometry, placement) = (geometry, placement)
    let base = storage.baseAddress
    return { block in
      if let special = placement(block) { return special }
      guard let base else { return .discard }
      return .direct(base + Int(geometry.offset(of: block.piece)) + block.offset)
    }
  }

  private mutating func note(_ event: InboundMachine.Event) {
    switch event {
    case .message(let message): messages.append(message)
    case .block(let block, let placement):
      if let index = expected.firstIndex(of: block) { expected.remove(at: index) }
      blocks.append(block)
      placements.append(placement)
      if placement == .aside, let bytes = machine.asideBytes {
        asideBlocks[block] = Array(UnsafeRawBufferPointer(start: bytes, count: block.length))
      }
    }
  }
}

/// A stream of frames as a peer would send it.
struct FrameScript {
  var bytes: [UInt8] = []

  mutating func add(_ message: PeerMessage) {
    message.append(to: &bytes)
  }

  mutating func add(_ block: Block, of payload: [UInt8], geometry: PieceGeometry) {
    PeerMessage.appendPieceHeader(of: block, to: &bytes)
    let start = Int(geometry.offset(of: block.piece)) + block.offset
    bytes += payload[start..<start + block.length]
  }

  mutating func add(raw: [UInt8]) {
    bytes += raw
  }
}
