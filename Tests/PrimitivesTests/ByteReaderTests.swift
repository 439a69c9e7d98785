import Primitives
import Testing

@Suite struct ByteReaderTests {
  @Test func numbersAreBigEndian() {
    var reader = ByteReader([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    #expect(reader.read(UInt8.self) == 1)
    #expect(reader.read(UInt16.self) == 0x0203)
    #expect(reader.read(UInt32.self) == 0x0405_0607)
    #expect(reader.read(UInt64.self) == 0x0809_0A0B_0C0D_0E0F)
    #expect(reader.rest.isEmpty)
    #expect(reader.read(UInt8.self) == nil)
  }

  @Test func aReadThatIsTooLongConsumesNothing() {
    var reader = ByteReader([1, 2, 3])
    #expect(reader.read(UInt32.self) == nil)
    #expect(reader.read(4) == nil)
    #expect(reader.read(-1) == nil)
    #expect(reader.read(3).map(Array.init) == [1, 2, 3])
    #expect(reader.read(0).map(Array.init) == [])
  }

  @Test func writingIsTheReverse() {
    var bytes: [UInt8] = []
    bytes.appendBigEndian(UInt16(0x0102))
    bytes.appendBigEndian(UInt64(3))
    #expect(bytes == [1, 2, 0, 0, 0, 0, 0, 0, 0, 3])
    let word = bytes.withUnsafeBytes { $0.baseAddress?.loadBigEndianUInt32(at: 1) }
    #expect(word == 0x0200_0000)
  }
}
