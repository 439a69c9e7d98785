package import Bencode
package import Foundation

/// A torrent in `Fixtures/Metainfo`, the recipe by which it was made, and what must become of it.
///
/// The recipe is here and the file is committed, so that people can try the file with other
/// programs; a test holds the two equal, and writes the files anew when it is asked to.
package struct TorrentFixture: Sendable, CustomStringConvertible {
  /// What must happen when the torrent is read.
  package enum Expectation: Sendable {
    /// It is refused with that message, and the command line ends with that status.
    case refused(message: String, exitStatus: Int32)
    /// It loads with these paths, one a file.
    case loads(paths: [[String]])
  }

  /// The path below `Fixtures/Metainfo`, named by the defect.
  package let file: String
  /// The torrent.
  package let bytes: [UInt8]
  /// What must become of it.
  package let expectation: Expectation

  /// The file, for the names of test cases.
  package var description: String { file }

  /// Where the committed file is.
  package var path: String { Self.folder.appending(path: file).path }

  /// The folder of the committed files.
  package static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/Metainfo")

  /// A fixture that must be refused.
  static func refused(
    _ name: String, _ bytes: [UInt8], status: Int32, _ message: String
  ) -> TorrentFixture {
    TorrentFixture(
      file: "Bad/\(name).torrent", bytes: bytes,
      expectation: .refused(message: message, exitStatus: status))
  }

  /// A fixture that must load with cleaned paths.
  static func nasty(_ name: String, _ bytes: [UInt8], _ paths: [[String]]) -> TorrentFixture {
    TorrentFixture(
      file: "Nasty/\(name).torrent", bytes: bytes, expectation: .loads(paths: paths))
  }

  /// A torrent whose `info` has these fields; nil takes a field of the sound torrent away.
  package static func single(_ changes: [BencodeBytes: BencodeTree?] = [:]) -> [UInt8] {
    torrent(
      ["length": 1, "name": "x", "piece length": 16384, "pieces": hashes(1)], changes)
  }

  /// The same with a list of files.
  package static func multi(_ changes: [BencodeBytes: BencodeTree?] = [:]) -> [UInt8] {
    torrent(
      [
        "files": [["length": 1, "path": ["a"]]], "name": "x", "piece length": 16384,
        "pieces": hashes(1),
      ], changes)
  }

  /// A torrent with files of one byte at these paths.
  package static func files(_ paths: [[BencodeTree]]) -> [UInt8] {
    multi([
      "files": .list(paths.map { ["length": 1, "path": .list($0)] }), "pieces": hashes(1),
    ])
  }

  /// As many hashes, of nothing in particular.
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
