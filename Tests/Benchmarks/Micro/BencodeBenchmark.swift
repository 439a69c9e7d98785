import Bencode

/// Reading bencoded data of the shapes that torrents and trackers send.
enum BencodeBenchmark {
  static func run() throws {
    Measurement.printHead("Bencode parser", ["input", "bytes", "µs", "MB/s"])
    try measure("a torrent of 100,000 pieces", torrent(pieces: 100_000, files: 1))
    try measure("a torrent of 20,000 files", torrent(pieces: 1000, files: 20_000))
    try measure("a tracker's list of 200 peers", peers(200))
    try measure("100,000 small numbers", .list((0..<100_000).map { .integer($0 % 100) }))
  }

  private static func measure(_ name: String, _ tree: BencodeTree) throws {
    let bytes = tree.encodedBytes
    let time = try Measurement.nanoseconds { _ = try BencodeParser.parse(bytes) }
    let speed = Double(bytes.count) * 1000 / time
    Measurement.printRow(
      [name, "\(bytes.count)", Measurement.text(time / 1000), Measurement.text(speed)])
  }

  private static func torrent(pieces: Int, files: Int) -> BencodeTree {
    let list = (0..<files).map { number -> BencodeTree in
      ["length": 1_000_000, "path": [text("folder \(number / 100)"), text("file \(number)")]]
    }
    return [
      "announce": "http://tracker.example/announce",
      "info": [
        "files": .list(list), "name": "payload", "piece length": 262_144,
        "pieces": .bytes(Array(repeating: 7, count: 20 * pieces)),
      ],
    ]
  }

  private static func peers(_ count: Int) -> BencodeTree {
    let list = (0..<count).map { number -> BencodeTree in
      ["ip": text("10.0.0.\(number)"), "peer id": "-XX0001-000000000000", "port": 6881]
    }
    return ["complete": 100, "incomplete": 100, "interval": 1800, "peers": .list(list)]
  }

  private static func text(_ text: String) -> BencodeTree { .bytes(text.utf8) }
}
