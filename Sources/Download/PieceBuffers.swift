import Networking
import Primitives

/// The memory of pieces that are coming in, or being hashed and written.
///
/// Buffers are as long as a piece and are used again in the order last in, first out, while they are
/// warm. `canAcquire` is the engine's back-pressure: no piece is begun that there is no room for, so
/// nothing more is asked of peers than can be kept. At least two pieces fit, however long they are.
@Reactor
final class PieceBuffers {
  private let geometry: PieceGeometry
  private let memoryLimit: Int
  private var inUse: [PieceIndex: UnsafeMutableRawPointer] = [:]
  private var free: [UnsafeMutableRawPointer] = []

  /// With few fast peers this much is plenty, and stays in the processor's caches.
  static let frugalLimit = 24 << 20

  init(geometry: PieceGeometry, memoryLimit: Int) {
    self.geometry = geometry
    self.memoryLimit = memoryLimit
  }

  isolated deinit {
    for buffer in free { buffer.deallocate() }
    for buffer in inUse.values { buffer.deallocate() }
  }

  /// Whether one more piece may be begun while `peers` are connected.
  func canAcquire(peers: Int) -> Bool {
    (inUse.count + 1) * geometry.pieceLength <= limit(peers: peers) || inUse.count < 2
  }

  /// How many blocks fit while `peers` are connected.
  func capacity(peers: Int) -> Int {
    max(limit(peers: peers), 2 * geometry.pieceLength) / Block.standardLength
  }

  /// The bound in bytes: with few peers less than the user allows.
  private func limit(peers: Int) -> Int {
    let (wish, overflow) = peers.multipliedReportingOverflow(by: geometry.pieceLength)
    return overflow ? memoryLimit : min(memoryLimit, Self.frugalLimit + wish)
  }

  /// Gives a piece its buffer.
  func acquire(_ piece: PieceIndex) {
    guard inUse[piece] == nil else { return }
    inUse[piece] = free.popLast() ?? .allocate(byteCount: geometry.pieceLength, alignment: 4096)
  }

  /// Takes a piece's buffer back.
  func release(_ piece: PieceIndex) {
    guard let buffer = inUse.removeValue(forKey: piece) else { return }
    free.append(buffer)
  }

  /// Where a block's bytes belong; nil when its piece is not coming in.
  func address(of block: Block) -> UnsafeMutableRawPointer? {
    inUse[block.piece].map { $0 + block.offset }
  }

  /// The whole of a piece that has come in.
  func bytes(of piece: PieceIndex) -> PieceBytes? {
    inUse[piece].map {
      PieceBytes(pointer: UnsafeRawPointer($0), count: geometry.length(of: piece))
    }
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
