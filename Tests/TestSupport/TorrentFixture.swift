package import Bencode
package import Foundation

/// A torrent in `Fixtures/Metainfo`, with the recipe for it and the expected result.
///
/// The recipe is in the code, and the file is committed so that it can be tried with other
/// programs. A test checks that both are equal, and rewrites the files on request.
package struct TorrentFixture: Sendable, CustomStringConvertible {
  /// The expected result of reading the torrent.
  package enum Expectation: Sendable {
    /// It is rejected with this message, and the command line exits with this status.
    case refused(message: String, exitStatus: Int32)
    /// It loads with these paths, one per file.
    case loads(paths: [[String]])
  }

  /// The path below `Fixtures/Metainfo`, named after the defect.
  package let file: String
  /// The torrent.
  package let bytes: [UInt8]
  /// The expected result.
  package let expectation: Expectation

  /// The file's path, for the names of test cases.
  package var description: String { file }

  /// The path of the committed file.
  package var path: String { Self.folder.appending(path: file).path }

  /// The folder of the committed files.
  package static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/Metainfo")

  /// Creates a fixture that must be rejected.
  static func refused(
    _ name: String, _ bytes: [UInt8], status: Int32, _ message: String
  ) -> TorrentFixture {
    TorrentFixture(
      file: "Bad/\(name).torrent", bytes: bytes,
      expectation: .refused(message: message, exitStatus: status))
  }

  /// Creates a fixture that must load with sanitized paths.
  static func nasty(_ name: String, _ bytes: [UInt8], _ paths: [[String]]) -> TorrentFixture {
    TorrentFixture(
      file: "Nasty/\(name).torrent", bytes: bytes, expectation: .loads(paths: paths))
  }

  /// Returns a single-file torrent with changes to `info`; nil removes a field.
  package static func single(_ changes: [BencodeBytes: BencodeTree?] = [:]) -> [UInt8] {
    torrent(
      ["length": 1, "name": "x", "piece length": 16384, "pieces": hashes(1)], changes)
  }

  /// Returns a multi-file torrent with changes to `info`; nil removes a field.
  package static func multi(_ changes: [BencodeBytes: BencodeTree?] = [:]) -> [UInt8] {
    torrent(
      [
        "files": [["length": 1, "path": ["a"]]], "name": "x", "piece length": 16384,
        "pieces": hashes(1),
      ], changes)
  }

  /// Returns a torrent with one-byte files at these paths.
  package static func files(_ paths: [[BencodeTree]]) -> [UInt8] {
    multi([
      "files": .list(paths.map { ["length": 1, "path": .list($0)] }),
      "pieces": hashes(max(1, (paths.count + 16383) / 16384)),
    ])
  }

  /// Returns `count` arbitrary hashes.
  static func hashes(_ count: Int) -> BencodeTree {
    .bytes(repeatElement(UInt8(ascii: "a"), count: count * 20))
  }

  private static func torrent(
    _ sound: [BencodeBytes: BencodeTree], _ changes: [BencodeBytes: BencodeTree?]
  ) -> [UInt8] {
    var info = sound
    for (key, value) in changes { info[key] = value }
    return BencodeTree.dictionary(["info": .dictionary(info)]).encodedBytes
  }
}
