import Glibc

/// The memory for a torrent's pieces, taken from the system in slabs of huge pages and given back
/// at the end of the run.
///
/// A piece is read from the kernel, hashed beside many others and written to the kernel. On pages of
/// 4 KiB, misses of the TLB and page faults cost several per cent of a run. Where the system has no
/// huge pages, ordinary ones are used.
///
/// `@safe`: a slab stays allocated until the end of this value, and no two buffers overlap. The
/// addresses that `take()` returns are unsafe, and their users mark each use.
@safe
struct BufferSlabs: ~Copyable {
  /// The size and alignment of the huge pages of x86-64 and arm64 with pages of 4 KiB, in bytes.
  private static let hugePage = 2 << 20
  /// The alignment of buffers in bytes; the kernel copies whole pages fastest.
  private static let page = 4 << 10

  /// The length of each buffer in bytes.
  let bufferLength: Int
  private var slabs: [UnsafeMutableRawPointer] = unsafe []
  /// The unused part of the last slab.
  private var rest: UnsafeMutableRawBufferPointer

  init(bufferLength: Int) {
    self.bufferLength = bufferLength
    unsafe rest = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit {
    for index in unsafe slabs.indices { unsafe slabs[index].deallocate() }
  }

  /// Returns one more buffer, whose bytes are not initialized.
  mutating func take() -> UnsafeMutableRawPointer {
    let stride = (bufferLength + Self.page - 1) & ~(Self.page - 1)
    if unsafe rest.count >= stride, let base = unsafe rest.baseAddress {
      unsafe rest = UnsafeMutableRawBufferPointer(rebasing: rest[stride...])
      return unsafe base
    }
    let length = stride * max(1, Self.hugePage / stride)
    let slab = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: Self.hugePage)
    unsafe madvise(slab, length, MADV_HUGEPAGE)
    unsafe slabs.append(slab)
    unsafe rest = UnsafeMutableRawBufferPointer(start: slab + stride, count: length - stride)
    return unsafe slab
  }
}
