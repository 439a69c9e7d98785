import Foundation
import Glibc
import Metainfo
import Primitives
import Storage
import TestSupport

/// A torrent with its content, and ways to put it on a file system and to compare.
struct StoredTorrent {
  let torrent: TorrentMetainfo
  /// All files' bytes in order, padding included.
  let content: [UInt8]

  /// A torrent of several files with random content; an `attr` of "p" makes padding, of zeros.
  init(
    name: String = "T", files: [(path: String, length: Int, attr: String)], pieceLength: Int,
    seed: UInt64 = 1
  ) throws {
    var random = SeededRandom(seed: seed)
    var builder = TorrentBuilder(name: name, pieceLength: pieceLength)
    var content: [UInt8] = []
    for file in files {
      builder.addFile(
        path: file.path.split(separator: "/").map(String.init), length: Int64(file.length),
        attributes: file.attr)
      content += (0..<file.length).map { _ in
        file.attr.contains("p") ? 0 : UInt8.random(in: 1...255, using: &random)
      }
    }
    self.content = content
    torrent = try TorrentMetainfo(bytes: builder.torrent(content: content))
  }

  init(
    name: String = "T", files: [(path: String, length: Int)], pieceLength: Int, seed: UInt64 = 1
  ) throws {
    try self.init(
      name: name, files: files.map { ($0.path, $0.length, "") }, pieceLength: pieceLength,
      seed: seed)
  }

  /// A torrent of one file.
  init(name: String, content: [UInt8], pieceLength: Int) throws {
    self.content = content
    let builder = TorrentBuilder(name: name, pieceLength: pieceLength)
    torrent = try TorrentMetainfo(bytes: builder.torrent(content: content))
  }

  var pieces: [PieceIndex] { Array(torrent.geometry.pieces) }

  /// The bytes of one piece.
  func bytes(_ piece: PieceIndex) -> [UInt8] {
    let range = torrent.layout.range(of: piece)
    return Array(content[Int(range.lowerBound)..<Int(range.upperBound)])
  }

  /// The bytes of one file, found by its path below the torrent's folder.
  func bytes(ofFile path: String) -> [UInt8] {
    guard let file = torrent.layout.files.first(where: { $0.displayPath == path }) else {
      return []
    }
    return Array(content[Int(file.offset)..<Int(file.offset + file.length)])
  }

  /// A set of pieces by their numbers.
  func set(_ numbers: some Sequence<Int>) -> Bitfield {
    var set = Bitfield(count: torrent.geometry.pieceCount)
    for number in numbers { set.insert(PieceIndex(number)) }
    return set
  }

  var all: Bitfield { Bitfield(count: torrent.geometry.pieceCount, filled: true) }
  var none: Bitfield { Bitfield(count: torrent.geometry.pieceCount) }

  /// Puts files of the torrent, whole, on a file system.
  func place(_ paths: [String]? = nil, on disk: MemoryFileSystem) {
    for file in torrent.layout.files where file.isStored {
      if let paths, !paths.contains(file.displayPath) { continue }
      disk.put(file.displayPath, bytes(ofFile: file.displayPath))
    }
  }

  /// True if a file system holds exactly this torrent's files.
  func isExactly(on disk: MemoryFileSystem) -> Bool {
    let files = torrent.layout.files.filter(\.isStored)
    return disk.paths == files.map(\.displayPath).sorted()
      && files.allSatisfy { disk.bytes($0.displayPath) == bytes(ofFile: $0.displayPath) }
  }

  func storage(
    _ disk: any FileSystem, folder: String = "out", overwrite: Bool = false,
    _ change: (inout StorageOptions) -> Void = { _ in }
  ) -> TorrentStorage {
    var options = StorageOptions()
    options.overwrite = overwrite
    change(&options)
    return TorrentStorage(torrent: torrent, folder: folder, options: options, fileSystem: disk)
  }

  /// Looks at the disk and makes ready, as a download does.
  func begin(
    _ disk: any FileSystem, folder: String = "out", overwrite: Bool = false,
    _ change: (inout StorageOptions) -> Void = { _ in }
  ) throws(StorageError) -> (storage: TorrentStorage, verified: Bitfield) {
    let storage = storage(disk, folder: folder, overwrite: overwrite, change)
    do throws(StorageError) {
      let inspection = try storage.inspect()
      var verified = inspection.trusted
      for piece in try storage.checkPieces(0..<verified.count, of: inspection.doubtful) {
        verified.insert(piece)
      }
      try storage.prepare(verified: verified)
      return (storage, verified)
    } catch {
      // The first error is the one that counts.
      try? storage.close()
      throw error
    }
  }

  func write(_ pieces: some Sequence<PieceIndex>, to storage: TorrentStorage) throws {
    for piece in pieces {
      try bytes(piece).withUnsafeBytes { try storage.write(piece: piece, bytes: $0) }
    }
  }

  /// Runs a whole download of all missing pieces.
  func complete(_ disk: any FileSystem, folder: String = "out") throws {
    let (storage, verified) = try begin(disk, folder: folder)
    try write(pieces.filter { !verified.contains($0) }, to: storage)
    try storage.finish()
    try storage.close()
  }
}

/// A folder on the real file system that goes away with its last user.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/storage-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw SystemCallError(call: "mkdtemp", code: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // A folder that cannot be removed stays among the system's temporary files.
    try? FileManager.default.removeItem(atPath: path)
  }

  func write(_ name: String, _ bytes: [UInt8]) {
    guard let file = fopen(path + "/" + name, "w") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  func bytes(_ name: String) -> [UInt8]? {
    guard let file = fopen(path + "/" + name, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    return bytes
  }

  func status(_ name: String) -> stat? {
    var status = stat()
    return lstat(path + "/" + name, &status) == 0 ? status : nil
  }
}
