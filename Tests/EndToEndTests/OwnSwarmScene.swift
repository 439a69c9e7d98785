import Foundation
import Metainfo
import TestSupport
import Testing

/// Data in the folder `have`, the torrent of it, and the program itself.
struct OwnSwarmScene {
  let folder: TemporaryFolder
  let content: [UInt8]
  /// The path of the .torrent.
  let torrent: String
  /// The same torrent, read.
  let metainfo: TorrentMetainfo

  init(size: Int = 3_000_001, pieceLength: Int = 65536) throws {
    folder = try TemporaryFolder()
    var state: UInt64 = 42
    content = (0..<size).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    let have = try folder.makeFolder("have")
    try Data(content).write(to: URL(fileURLWithPath: "\(have)/data.bin"))
    let bytes = TorrentBuilder(name: "data.bin", pieceLength: pieceLength)
      .torrent(content: content)
    torrent = folder.file("data.torrent")
    try Data(bytes).write(to: URL(fileURLWithPath: torrent))
    metainfo = try TorrentMetainfo(bytes: bytes)
  }

  /// Starts the program.
  func start(_ arguments: [String], label: String) throws -> ChildProcess {
    try ChildProcess(
      [try SwiftTorrentBinary.path()] + arguments, logsIn: folder.path, label: label)
  }

  /// Starts a tracker on a free port and returns its announce URL.
  func startTracker() async throws -> (ChildProcess, String) {
    let process = try start(["tracker", "--listen", "127.0.0.1:0"], label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(20)) {
      process.output.contains("/announce") || !process.isRunning
    }
    let words = process.output.split { $0 == " " || $0 == "\n" }
    let url = try #require(words.first { $0.hasPrefix("http://") }, "\(process.errors)")
    return (process, String(url))
  }

  /// True if a folder holds the data, and nothing else.
  func isComplete(_ name: String) throws -> Bool {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file(name))
    let got = FileManager.default.contents(atPath: folder.file("\(name)/data.bin"))
    return names == ["data.bin"] && got == Data(content)
  }
}
