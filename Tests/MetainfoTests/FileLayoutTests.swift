import Bencode
import Metainfo
import Primitives
import TestSupport
import Testing

@Suite struct FileLayoutTests {
  private func layout(_ lengths: [Int64], pieceLength: Int) throws -> FileLayout {
    var builder = TorrentBuilder(name: "x", pieceLength: pieceLength)
    for (index, length) in lengths.enumerated() {
      builder.addFile(path: [String(index)], length: length)
    }
    let total = Int(lengths.reduce(0, +))
    return try TorrentMetainfo(bytes: builder.torrent(content: Array(repeating: 0, count: total)))
      .layout
  }

  @Test func spansAgreeWithCountingByteByByte() throws {
    var random = SeededRandom(seed: 6)
    for _ in 0..<60 {
      let lengths = (0..<Int.random(in: 1...8, using: &random)).map { _ in
        Int64(random.next() % 3 == 0 ? 0 : random.next() % 20)
      }
      guard lengths.contains(where: { $0 > 0 }) else { continue }
      let layout = try layout(lengths, pieceLength: Int.random(in: 1...16, using: &random))
      // The file and the offset in it of every byte of the torrent.
      let places = lengths.enumerated().flatMap { file, length in
        (0..<length).map { (file: file, offset: $0) }
      }
      for start in 0...places.count {
        for end in start...places.count {
          let found = layout.spans(of: Int64(start)..<Int64(end)).flatMap { span in
            (0..<Int64(span.length)).map { (file: span.file, offset: span.offset + $0) }
          }
          #expect(found.elementsEqual(places[start..<end]) { $0 == $1 })
        }
      }
    }
  }

  @Test func aPieceIsSplitAtTheBordersOfFiles() throws {
    let layout = try layout([5, 0, 3, 10, 0], pieceLength: 8)
    #expect(
      layout.spans(of: PieceIndex(0))
        == [FileSpan(file: 0, offset: 0, length: 5), FileSpan(file: 2, offset: 0, length: 3)])
    #expect(layout.spans(of: PieceIndex(1)) == [FileSpan(file: 3, offset: 0, length: 8)])
    #expect(layout.spans(of: PieceIndex(2)) == [FileSpan(file: 3, offset: 8, length: 2)])
  }

  @Test func whatLiesOutsideTheTorrentIsLeftOut() throws {
    let layout = try layout([5, 5], pieceLength: 8)
    #expect(layout.spans(of: -5..<2) == [FileSpan(file: 0, offset: 0, length: 2)])
    #expect(layout.spans(of: 8..<1000) == [FileSpan(file: 1, offset: 3, length: 2)])
    #expect(layout.spans(of: 10..<20).isEmpty)
    #expect(layout.spans(of: 3..<3).isEmpty)
  }

  @Test func aFileKnowsItsPieces() throws {
    let layout = try layout([5, 0, 3, 10], pieceLength: 4)
    #expect((0..<4).map { layout.pieces(ofFile: $0) } == [0..<2, 1..<1, 1..<2, 2..<5])
  }

  @Test func theWalkStopsAtAnError() throws {
    struct Stop: Error {}
    let layout = try layout([1, 1, 1], pieceLength: 4)
    var seen = 0
    #expect(throws: Stop.self) {
      try layout.forEachSpan(of: 0..<3) { span throws(Stop) in
        seen += 1
        if span.file == 1 { throw Stop() }
      }
    }
    #expect(seen == 2)
  }
}
