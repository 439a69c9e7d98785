import Glibc
import Primitives
import Testing

/// Names that need not be text.
@Suite struct FileNameTests {
  @Test func namesAreEqualWhenTheirBytesAre() {
    let slice = ([0x61, 0xE9, 0x62] as [UInt8])[1...]
    #expect(FileName(slice) == FileName([0xE9, 0x62]))
    #expect(FileName(slice).hashValue == FileName([0xE9, 0x62]).hashValue)
    #expect(FileName("é") != FileName("e\u{301}"), "equal text in two forms is two names")
    #expect(FileName("") == FileName([]))
    #expect(Set<FileName>(["a", "b", "a"]).count == 2)
    #expect(FileName([0xFF]) > FileName("z"))
  }

  @Test func cStringsEndWithTheName() {
    let name = FileName(([1, 0xFC, 0x41, 2] as [UInt8])[1..<3])
    #expect(name.withCString { strlen($0) } == 2)
    #expect(name.withCString { UInt8(bitPattern: $0[0]) } == 0xFC)
    #expect(FileName("").withCString { strlen($0) } == 0)
  }

  @Test func textRepairsWhatIsNone() {
    #expect(FileName([0x61, 0xE9]).text == "a\u{FFFD}")
    #expect((FileName([0xE9]) + "~").bytes == [0xE9, 0x7E])
    #expect(([FileName("a"), FileName([0xE9]), "c"] as [FileName]).pathText == "a/\u{FFFD}/c")
  }
}
