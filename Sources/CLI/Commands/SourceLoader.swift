import Glibc
import Metainfo
import Platform

/// The content of a source.
enum SourceContent {
  /// A torrent.
  case torrent(TorrentMetainfo)
  /// A magnet link or an info-hash.
  case magnet(String)
}

/// A loader for the torrents of sources.
enum SourceLoader {
  /// The maximum size of a .torrent fetched from a URL, in bytes.
  private static let largestDownload = 10 << 20
  /// The time limit for a URL, including redirects.
  private static let patience = Duration.seconds(30)

  /// Reads or fetches a torrent and validates it; a magnet link is returned as it is.
  ///
  /// - Throws: The failure with its exit status.
  static func load(_ source: SourceArgument) async throws(CommandFailure) -> SourceContent {
    let limits = MetainfoLimits()
    let bytes: [UInt8]
    switch source {
    case .file(let path): bytes = try FileBytes.read(path, limit: limits.bytes)
    case .folder(let path): throw TorrentFolder.failure(path)
    case .standardInput: bytes = try FileBytes.readStandardInput(limit: limits.bytes)
    case .url(let url):
      switch try await fetch(url) {
      case .bytes(let fetched): bytes = fetched
      case .magnet(let link): return .magnet(link)
      }
    case .magnet(let link): return .magnet(link)
    }
    do throws(MetainfoError) {
      return .torrent(try TorrentMetainfo(bytes: bytes, limits: limits))
    } catch {
      throw CommandFailure(
        error.isBadBencode ? .badBencode : .badTorrent, "\(source): \(error)",
        hint: error.isBadBencode
          ? InputKind(bytes)?.hint ?? "is it a complete .torrent file?" : nil)
    }
  }

  private static func fetch(_ url: String) async throws(CommandFailure) -> TorrentFetch.Content {
    let result = await TorrentFetch.get(url, limit: largestDownload, timeout: patience)
    switch result {
    case .success(let content): return content
    case .failure(.notFound(let status)):
      throw CommandFailure(.sourceNotFound, "\(url): the server has no such file (\(status))")
    case .failure(.tooLarge(let limit)):
      throw CommandFailure(
        .badTorrent,
        "\(url): it is larger than \(ByteText.size(Int64(limit))), which is too large for a torrent"
      )
    case .failure(.failed(let words)):
      throw CommandFailure(.networkFailure, "\(url): \(words)")
    }
  }
}

/// A reader of whole files up to a size limit.
enum FileBytes {
  /// Reads the file at a path.
  static func read(_ path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    return try bytes(of: descriptor, path: path, limit: limit)
  }

  /// Reads standard input to its end.
  static func readStandardInput(limit: Int) throws(CommandFailure) -> [UInt8] {
    try bytes(of: STDIN_FILENO, path: "standard input", limit: limit)
  }

  private static func bytes(
    of descriptor: Int32, path: String, limit: Int
  ) throws(CommandFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    // Reading one byte more than the limit distinguishes a file that is too large from one that
    // just fits.
    while bytes.count <= limit {
      let wanted = min(1 << 16, limit + 1 - bytes.count)
      var code: Int32 = 0
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
        let result = unsafe Glibc.read(descriptor, buffer.baseAddress, wanted)
        code = result < 0 ? errno : 0
        count = max(0, result)
      }
      if code == EINTR { continue }
      guard code == 0 else { throw failure(path, code) }
      if chunk.isEmpty { return bytes }
      bytes += chunk
    }
    throw CommandFailure(
      .badTorrent,
      "\(path): it is larger than \(ByteText.size(Int64(limit))), which is too large for a torrent")
  }

  private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
    switch code {
    case ENOENT, ENOTDIR:
      if let url = ForeignURL(path) { return url.failure }
      let suggestion = Suggestion.nearest(to: path, among: Command.words)
      let isRepaired = path.contains("\u{FFFD}")
      return CommandFailure(
        .sourceNotFound, "\(path): no such file",
        hint: isRepaired
          ? "only names in UTF-8 can be used"
          : suggestion.map { "did you mean the command '\($0)'?" })
    case EISDIR:
      return CommandFailure(
        .inputOutputFailure, "\(path) is a folder, not a file",
        hint: "name the files in it; only 'seed' takes folders")
    default:
      return CommandFailure(.inputOutputFailure, "\(path): \(Console.message(for: code))")
    }
  }
}
