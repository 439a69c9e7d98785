import Networking
import Primitives

/// The memory of pieces that are coming in, or being hashed and written.
///
/// A piece that is begun has its room reserved: `canReserve` is the engine's back-pressure, so that
/// nothing more is asked of peers than can be kept. It gets a buffer only when its first byte is
/// due, so that deep windows on long links cost no memory while the requests are on their way.
/// Buffers are as long as a piece and are used again in the order last in, first out, while they are
/// warm. At least two pieces fit, however long they are.
@Reactor
final class PieceBuffers {
  private let geometry: PieceGeometry
  private let memoryLimit: Int
  /// The pieces that have room, and their buffers once they need one.
  private var reserved: [PieceIndex: UnsafeMutableRawPointer?] = [:]
  private var free: [UnsafeMutableRawPointer] = []
  private var slabs: BufferSlabs
  /// The piece that was asked for last: blocks come in runs.
  private var latest: (piece: PieceIndex, base: UnsafeMutableRawPointer)?

  /// With few fast peers this much is plenty: deep windows for several of them.
  static let frugalLimit = 48 << 20

  /// What a connection takes for itself, in bytes.
  static let connectionMemory = 32 << 10

  init(geometry: PieceGeometry, memoryLimit: Int) {
    self.geometry = geometry
    self.memoryLimit = memoryLimit
    slabs = BufferSlabs(bufferLength: geometry.pieceLength)
  }

  /// Whether one more piece may be begun while `peers` are connected.
  func canReserve(peers: Int) -> Bool {
    (reserved.count + 1) * geometry.pieceLength <= limit(peers: peers) || reserved.count < 2
  }

  /// How many blocks fit while `peers` are connected.
  func capacity(peers: Int) -> Int {
    max(limit(peers: peers), 2 * geometry.pieceLength) / Block.standardLength
  }

  /// The bound in bytes: with few peers less than the user allows, and with many what their
  /// connections leave of it.
  private func limit(peers: Int) -> Int {
    let room = memoryLimit - min(memoryLimit / 2, peers * Self.connectionMemory)
    let (wish, overflow) = peers.multipliedReportingOverflow(by: geometry.pieceLength)
    return overflow ? room : min(room, Self.frugalLimit + wish)
  }

  /// Keeps room for a piece.
  func reserve(_ piece: PieceIndex) {
    if reserved[piece] == nil { reserved.updateValue(nil, forKey: piece) }
  }

  /// Takes a piece's room back.
  func release(_ piece: PieceIndex) {
    if latest?.piece == piece { latest = nil }
    if let buffer = reserved.removeValue(forKey: piece) ?? nil { free.append(buffer) }
  }

  /// Where a block's bytes belong; nil when its piece is not coming in.
  func address(of block: Block) -> UnsafeMutableRawPointer? {
    if let latest, latest.piece == block.piece { return latest.base + block.offset }
    guard let place = reserved[block.piece] else { return nil }
    let base: UnsafeMutableRawPointer
    if let place {
      base = place
    } else {
      base = free.popLast() ?? slabs.take()
      reserved[block.piece] = .some(base)
    }
    latest = (block.piece, base)
    return base + block.offset
  }

  /// The whole of a piece that has come in.
  func bytes(of piece: PieceIndex) -> PieceBytes? {
    guard let base = reserved[piece] ?? nil else { return nil }
    return PieceBytes(pointer: UnsafeRawPointer(base), count: geometry.length(of: piece))
  }
}

/// A piece's bytes on their way to a worker.
///
/// Unchecked: the buffer belongs to `PieceBuffers`, which does not give it to another piece before
/// the worker is done, and nobody writes to a piece once all its blocks are there.
struct PieceBytes: @unchecked Sendable {
  let pointer: UnsafeRawPointer
  let count: Int

  var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: count) }
}
