import Glibc
import Metainfo

/// A .torrent file named on the command line.
struct SourceFile {
  /// What it says.
  let torrent: TorrentMetainfo

  /// Reads and checks a file.
  ///
  /// - Throws: What is wrong with it, with the exit status that says so.
  static func read(_ path: String) throws(CommandFailure) -> SourceFile {
    let limits = MetainfoLimits()
    let bytes = try bytes(of: path, limit: limits.bytes)
    do throws(MetainfoError) {
      return SourceFile(torrent: try TorrentMetainfo(bytes: bytes, limits: limits))
    } catch {
      throw CommandFailure(
        error.isBadBencode ? .badBencode : .badTorrent, "\(path): \(error)",
        hint: error.isBadBencode ? "is it a .torrent file, and complete?" : nil)
    }
  }

  /// Reads a whole file, unless it has more than `limit` bytes.
  private static func bytes(of path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    // One byte more than allowed tells a file that is too large from one that just fits.
    while bytes.count <= limit {
      let wanted = min(1 << 16, limit + 1 - bytes.count)
      var code: Int32 = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
        let result = Glibc.read(descriptor, buffer.baseAddress, wanted)
        code = result < 0 ? errno : 0
        count = max(0, result)
      }
      if code == EINTR { continue }
      guard code == 0 else { throw failure(path, code) }
      if chunk.isEmpty { return bytes }
      bytes += chunk
    }
    throw CommandFailure(
      .badTorrent, "\(path): more than \(ByteText.size(Int64(limit))) is no torrent")
  }

  private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
    switch code {
    case ENOENT, ENOTDIR:
      let suggestion = Suggestion.nearest(to: path, among: Command.words)
      return CommandFailure(
        .sourceNotFound, "\(path): no such file",
        hint: suggestion.map { "did you mean the command '\($0)'?" })
    case EISDIR:
      return CommandFailure(.inputOutputFailure, "\(path) is a folder, not a .torrent file")
    default:
      return CommandFailure(.inputOutputFailure, "\(path): \(Console.message(for: code))")
    }
  }
}
