import Glibc

/// Memory for pieces, taken from the system in slabs of huge pages and never given back before the
/// end of the run.
///
/// A piece is read from the kernel, hashed in many lanes side by side and written to the kernel: on
/// pages of 4 KiB that costs several per cent of a run in misses of the TLB and page faults. Huge
/// pages are a wish; where the system has none, ordinary pages do as well.
struct BufferSlabs: ~Copyable {
  /// The size and alignment of the huge pages of x86-64 and arm64 with pages of 4 KiB, in bytes.
  private static let hugePage = 2 << 20
  /// Buffers begin at a page, which the kernel copies fastest from and to.
  private static let page = 4 << 10

  /// How long each buffer is, in bytes.
  let bufferLength: Int
  private var slabs: [UnsafeMutableRawPointer] = []
  /// What is not given out yet of the last slab.
  private var rest: UnsafeMutableRawBufferPointer

  init(bufferLength: Int) {
    self.bufferLength = bufferLength
    rest = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit {
    for slab in slabs { slab.deallocate() }
  }

  /// One more buffer, with nothing useful in it.
  mutating func take() -> UnsafeMutableRawPointer {
    let stride = (bufferLength + Self.page - 1) & ~(Self.page - 1)
    if rest.count >= stride, let base = rest.baseAddress {
      rest = UnsafeMutableRawBufferPointer(rebasing: rest[stride...])
      return base
    }
    let length = stride * max(1, Self.hugePage / stride)
    let slab = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: Self.hugePage)
    madvise(slab, length, MADV_HUGEPAGE)
    slabs.append(slab)
    rest = UnsafeMutableRawBufferPointer(start: slab + stride, count: length - stride)
    return slab
  }
}
