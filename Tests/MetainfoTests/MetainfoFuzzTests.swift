import Bencode
import Metainfo
import Primitives
import TestSupport
import Testing

@Suite struct MetainfoFuzzTests {
  /// A torrent in which every field that we read is there.
  private func richTorrent() -> [UInt8] {
    var builder = TorrentBuilder(name: "album", pieceLength: 16)
    builder.trackers = [["http://a/announce", "udp://b:80"], ["http://c/"]]
    builder.webSeeds = ["http://d/"]
    builder.comment = "hello"
    builder.createdBy = "tests"
    builder.creationDate = 1_600_000_000
    builder.isPrivate = true
    builder.fields = ["nodes": [["192.0.2.1", 6881]], "encoding": "UTF-8"]
    builder.addFile(path: ["cd1", "a"], length: 20, attributes: "x")
    builder.addFile(path: [".pad", "12"], length: 12, attributes: "p")
    builder.addFile(path: ["cd2", "b"], length: 7)
    return builder.torrent(content: (0..<39).map { UInt8($0) })
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = richTorrent()
    #expect(try TorrentMetainfo(bytes: bytes).warnings.isEmpty)
    for length in bytes.indices {
      do throws(MetainfoError) {
        _ = try TorrentMetainfo(bytes: Array(bytes[..<length]))
        Issue.record("\(length) bytes were accepted")
      } catch {
        #expect(error.isBadBencode)
      }
    }
  }

  @Test func mutatedTorrentsNeverTrapAndStaySafe() {
    var random = SeededRandom(seed: 4)
    let sound = richTorrent()
    let alphabet = Array("0123456789:-eild./\\\0".utf8)
    var accepted = 0
    for _ in 0..<5000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let letter = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        switch random.next() % 5 {
        case 0: bytes.insert(letter, at: at)
        case 1: bytes.remove(at: at)
        case 2: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
        default: bytes[at] = letter
        }
      }
      // Most mutations are refused; the rest must be usable as a whole.
      guard let torrent = try? TorrentMetainfo(bytes: bytes) else { continue }
      accepted += 1
      expectUsable(torrent)
    }
    #expect(accepted > 500)
  }

  @Test func randomFieldsNeverTrap() {
    var random = SeededRandom(seed: 5)
    let values: [BencodeTree?] = [
      nil, 0, 1, -1, 16384, .integer(.max), .integer(.min), "", "x", "../..", [], ["x"], [[]], [1],
      [["length": .integer(.max), "path": ["a"]], ["length": 1, "path": ["b"]]],
      [["length": 1, "path": ["a"], "attr": "p"]], [:], .bytes(repeatElement(97, count: 20)),
    ]
    let keys: [BencodeBytes] = [
      "name", "name.utf-8", "piece length", "pieces", "length", "files", "private", "source",
      "meta version", "file tree", "attr", "symlink path", "md5sum",
    ]
    for _ in 0..<5000 {
      var changes: [BencodeBytes: BencodeTree?] = [:]
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let key = keys[Int.random(in: 0..<keys.count, using: &random)]
        changes.updateValue(values[Int.random(in: 0..<values.count, using: &random)], forKey: key)
      }
      let bytes =
        random.next() % 2 == 0 ? TorrentFixture.single(changes) : TorrentFixture.multi(changes)
      // Most are refused; the rest must be usable as a whole.
      if let torrent = try? TorrentMetainfo(bytes: bytes) { expectUsable(torrent) }
    }
  }

  private func expectUsable(_ torrent: TorrentMetainfo) {
    var end: Int64 = 0
    for file in torrent.layout.files {
      #expect(!file.path.isEmpty)
      #expect(file.offset == end)
      end += file.length
    }
    #expect(end == torrent.geometry.totalLength)
    for piece in torrent.geometry.pieces.prefix(100) {
      _ = torrent.pieceHash(piece)
      let length = torrent.layout.spans(of: piece).reduce(0) { $0 + $1.length }
      #expect(length == torrent.geometry.length(of: piece))
    }
  }
}
