import Testing

@testable import Download

/// The memory of pieces.
@Suite struct BufferSlabsTests {
  @Test(arguments: [1, 16 << 10, 100_000, 256 << 10, 2 << 20, 3_000_000])
  func buffersLieApartOnPagesOfTheirOwn(length: Int) {
    var slabs = BufferSlabs(bufferLength: length)
    let buffers = (0..<40).map { _ in slabs.take() }
    for (index, buffer) in buffers.enumerated() {
      #expect(UInt(bitPattern: buffer) % 4096 == 0)
      buffer.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: length)
    }
    for (index, buffer) in buffers.enumerated() {
      let bytes = UnsafeRawBufferPointer(start: buffer, count: length)
      #expect(bytes.first == UInt8(index) && bytes.last == UInt8(index))
    }
    withExtendedLifetime(slabs) {}
  }

  @Test func shortBuffersShareAHugePage() {
    var slabs = BufferSlabs(bufferLength: 256 << 10)
    let pages = Set((0..<16).map { _ in UInt(bitPattern: slabs.take()) >> 21 })
    #expect(pages.count == 2)
  }
}
