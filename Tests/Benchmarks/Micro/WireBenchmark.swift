import PeerWire
import Primitives
import Swarm

/// The receiving half of a connection without a socket.
///
/// The measured work is finding the blocks in a stream. The payload is not copied here: in a
/// download the kernel puts it in place.
enum WireBenchmark {
  private static let blocksPerRead = 16

  static func run() throws {
    Measurement.printHead("Messages from a peer", ["stream", "ns per message", "µs per MiB"])
    let block = try foretoldBlocks()
    Measurement.printRow(
      [
        "blocks that come as foretold", Measurement.text(block),
        Measurement.text(block * 64 / 1000),
      ])
    let have = try messages(.have(PieceIndex(7)))
    Measurement.printRow(["have", Measurement.text(have), ""])
    let request = try messages(
      .request(Block(piece: PieceIndex(7), offset: 0, length: Block.standardLength)))
    Measurement.printRow(["request", Measurement.text(request), ""])
  }

  private static func geometry() throws -> PieceGeometry {
    guard let geometry = PieceGeometry(totalLength: 1 << 30, pieceLength: 1 << 18) else {
      throw BenchmarkError.impossible("a geometry")
    }
    return geometry
  }

  /// The time for each block in reads of 16 blocks.
  private static func foretoldBlocks() throws -> Double {
    let geometry = try geometry()
    let plan = ReadPlan()
    var machine = InboundMachine(geometry: geometry)
    var window = RequestWindow(pinned: 250, cap: 250)
    let piece = UnsafeMutableRawPointer.allocate(byteCount: geometry.pieceLength, alignment: 64)
    defer { piece.deallocate() }
    let blocks = (0..<blocksPerRead).map { geometry.block($0, of: PieceIndex(7)) }
    let headers = blocks.map { block in
      var bytes: [UInt8] = []
      PeerMessage.appendPieceHeader(of: block, to: &bytes)
      return bytes
    }
    // The first read is laid out short, until the machine has seen how much comes in one.
    machine.received(blocksPerRead * Block.standardLength)
    let time = try Measurement.nanoseconds {
      for block in blocks { window.requested(block, isDuplicate: false, now: .zero) }
      machine.layOut(
        plan, expectsBlocks: !window.isEmpty,
        next: { index in
          guard index < window.count else { return nil }
          let block = window.ledger[index].block
          return ExpectedBlock(block, .direct(piece + block.offset))
        }, placing: { .direct(piece + $0.offset) })
      var count = 0
      for (number, segment) in plan.segments.enumerated() {
        if number % 2 == 0 { segment.base?.copyMemory(from: headers[number / 2], byteCount: 13) }
        count += segment.count
      }
      machine.received(count)
      var found = 0
      while let event = try machine.nextEvent(
        from: plan, placing: { .direct(piece + $0.offset) })
      {
        guard case .block(let block, _) = event,
          window.received(block, now: .zero) == .owed(isDuplicate: false)
        else { break }
        found += 1
      }
      guard found == blocksPerRead else { throw BenchmarkError.impossible("blocks") }
    }
    return time / Double(blocksPerRead)
  }

  /// The time for each of many messages of one kind.
  private static func messages(_ message: PeerMessage) throws -> Double {
    let plan = ReadPlan()
    var machine = InboundMachine(geometry: try geometry())
    var bytes: [UInt8] = []
    let perRead = 200
    for _ in 0..<perRead { message.append(to: &bytes) }
    let time = try Measurement.nanoseconds {
      machine.layOut(plan)
      plan.segments[0].base?.copyMemory(from: bytes, byteCount: bytes.count)
      machine.received(bytes.count)
      var found = 0
      while try machine.nextEvent(from: plan, placing: { _ in .discard }) != nil { found += 1 }
      guard found == perRead else { throw BenchmarkError.impossible("messages") }
    }
    return time / Double(perRead)
  }
}

/// A measurement that failed to do its work.
enum BenchmarkError: Error {
  case impossible(String)
}
