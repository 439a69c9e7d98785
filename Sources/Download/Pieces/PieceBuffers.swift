import Networking
import PeerWire
import Primitives
import Swarm

/// The memory of pieces that arrive, or are hashed and written.
///
/// The exchange decides which pieces have room. A piece gets its buffer only when its first byte is
/// due, so that deep windows on long links cost no memory while the requests are on their way.
/// Buffers are as long as a piece and are used again in the order last in, first out, while they are
/// warm. Their bytes are leased from the session.
///
/// `@safe`: the slabs keep every buffer allocated as long as this object lives, and a buffer belongs
/// to one piece at a time. An address that leaves the object is unsafe where it is used.
@Reactor
@safe
final class PieceBuffers {
  private let geometry: PieceGeometry
  private let memory: MemoryBudget
  /// The torrent, for which the session counts the memory.
  private let torrent: InfoHash
  /// The pieces that have room, and their buffers once they need one.
  private var reserved: [PieceIndex: UnsafeMutableRawPointer?] = unsafe [:]
  private var free: [UnsafeMutableRawPointer] = unsafe []
  private var slabs: BufferSlabs
  /// The piece of the latest look-up, because most blocks arrive beside the one before.
  private var latest: (piece: PieceIndex, base: UnsafeMutableRawPointer)?

  init(geometry: PieceGeometry, memory: MemoryBudget, torrent: InfoHash) {
    self.geometry = geometry
    self.memory = memory
    self.torrent = torrent
    slabs = BufferSlabs(bufferLength: geometry.pieceLength)
  }

  /// A Boolean value indicating whether the session has memory for one more piece.
  var sessionHasRoom: Bool { memory.mayReserve(geometry.pieceLength, for: torrent) }

  /// Keeps room for a piece.
  func reserve(_ piece: PieceIndex) {
    guard unsafe reserved[piece] == nil else { return }
    unsafe reserved.updateValue(nil, forKey: piece)
    memory.reserve(geometry.pieceLength, for: torrent)
  }

  /// Gives the room of a piece back.
  func release(_ piece: PieceIndex) {
    if unsafe latest?.piece == piece { unsafe latest = nil }
    guard let entry = unsafe reserved.removeValue(forKey: piece) else { return }
    if let buffer = unsafe entry { unsafe free.append(buffer) }
    memory.release(geometry.pieceLength, for: torrent)
  }

  /// Returns the placement of a block's payload.
  func placement(of block: Block, _ place: BlockPlace) -> BlockPlacement {
    switch place {
    case .nowhere: .discard
    case .aside: unsafe address(of: block) == nil ? .discard : .aside
    case .inPiece: unsafe address(of: block).map { unsafe .direct($0) } ?? .discard
    }
  }

  /// Copies the payload of a block that was received aside to its place.
  func copy(_ bytes: UnsafeRawPointer, to block: Block) {
    unsafe address(of: block)?.copyMemory(from: bytes, byteCount: block.length)
  }

  /// Returns the address of a block's payload; nil if its piece has no room.
  private func address(of block: Block) -> UnsafeMutableRawPointer? {
    if let latest = unsafe latest, unsafe latest.piece == block.piece {
      return unsafe latest.base + block.offset
    }
    guard let place = unsafe reserved[block.piece] else { return nil }
    let base: UnsafeMutableRawPointer
    if let place = unsafe place {
      unsafe base = place
    } else {
      unsafe base = free.popLast() ?? slabs.take()
      unsafe reserved[block.piece] = .some(base)
    }
    unsafe latest = (block.piece, base)
    return unsafe base + block.offset
  }

  /// Returns the bytes of a piece that has a buffer.
  func bytes(of piece: PieceIndex) -> PieceBytes? {
    guard let base = unsafe reserved[piece] ?? nil else { return nil }
    return unsafe PieceBytes(pointer: UnsafeRawPointer(base), count: geometry.length(of: piece))
  }
}

/// A piece's bytes on their way to a worker.
///
/// Unchecked, and `@safe`: the buffer belongs to `PieceBuffers`, which does not give it to another
/// piece before the worker is done, and bytes that a worker may read are never written again until
/// then.
@safe
struct PieceBytes: @unchecked Sendable {
  let pointer: UnsafeRawPointer
  let count: Int

  var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: pointer, count: count) }
}
