import Foundation
import Metainfo
import TestSupport
import Testing

/// A torrent of several files in the folder `have`, a tracker, a seed, and the program itself.
struct LibraryScene {
  /// The files in the torrent's order, with pieces of 32 KiB that reach across their borders.
  static let files: [(path: String, length: Int)] = [
    ("a.txt", 70_000), ("big.iso", 600_000), ("sub/b.txt", 50_000), ("sub/zero", 0),
    ("sub/x.tmp", 10), ("日本 file.bin", 100_000),
  ]
  static let size = files.reduce(0) { $0 + $1.length }

  let folder: TemporaryFolder
  let torrent: String

  init() throws {
    folder = try TemporaryFolder()
    var builder = TorrentBuilder(name: "lib", pieceLength: 32768)
    var content: [UInt8] = []
    for (number, (path, length)) in Self.files.enumerated() {
      builder.addFile(path: path.split(separator: "/").map(String.init), length: Int64(length))
      content += Self.content(number)
      let url = URL(fileURLWithPath: folder.file("have/lib/\(path)"))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(Self.content(number)).write(to: url)
    }
    torrent = folder.file("lib.torrent")
    try Data(builder.torrent(content: content)).write(to: URL(fileURLWithPath: torrent))
  }

  /// The bytes of the file of that number, from 0.
  static func content(_ number: Int) -> [UInt8] {
    var state = UInt64(number + 1)
    return (0..<files[number].length).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  /// Starts the program.
  func start(_ words: [String], label: String) throws -> ChildProcess {
    try ChildProcess([try SwiftTorrentBinary.path()] + words, logsIn: folder.path, label: label)
  }

  /// Runs the program to its end.
  func run(_ words: [String], timeout: Duration = .seconds(120)) async throws
    -> ProcessRunner.Outcome
  {
    try await ProcessRunner.run([try SwiftTorrentBinary.path()] + words, timeout: timeout)
  }

  /// Starts a tracker on a free port and returns its announce URL.
  func startTracker() async throws -> (ChildProcess, String) {
    let process = try start(["tracker", "--listen", "127.0.0.1:0"], label: "tracker")
    try await Condition.wait("the tracker listens", timeout: .seconds(60)) {
      process.output.contains("/announce") || !process.isRunning
    }
    return (process, String(process.output.prefix { $0 != "\n" }))
  }

  /// Starts a seed that waits for peers, and returns its address.
  func startSeed(_ words: [String] = [], label: String = "seed") async throws
    -> (process: ChildProcess, address: String)
  {
    let process = try start(
      ["seed", torrent, "-o", folder.file("have"), "--no-tracker", "--json"] + words, label: label)
    try await Condition.wait("the seed listens", timeout: .seconds(60)) {
      process.output.contains("\"listening\"") || !process.isRunning
    }
    let events = try JSONLines.parse(process.output)
    let port = events.first { $0["event"] as? String == "listening" }?["port"] as? Int
    return (process, "127.0.0.1:\(try #require(port, "\(process.errors)"))")
  }

  /// The paths of all files below a folder, sorted.
  func files(below name: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: folder.file(name))?.allObjects ?? []
    return all.compactMap { $0 as? String }.filter { path in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(
        atPath: folder.file("\(name)/\(path)"), isDirectory: &isFolder)
      return exists && !isFolder.boolValue
    }.sorted()
  }

  /// True if the files of those numbers, from 1, are there below a folder and right, and nothing
  /// else.
  func holds(_ numbers: [Int], below name: String, prefix: String = "lib/") -> Bool {
    files(below: name) == numbers.map { prefix + Self.files[$0 - 1].path }.sorted()
      && numbers.allSatisfy { number in
        let path = folder.file("\(name)/\(prefix)\(Self.files[number - 1].path)")
        return FileManager.default.contents(atPath: path) == Data(Self.content(number - 1))
      }
  }

  static let all = Array(1...files.count)
}
