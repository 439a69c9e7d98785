import Glibc

/// A folder of .torrent files, given to `seed` as one source.
enum TorrentFolder {
  private static let ending = Array(".torrent".utf8)

  /// Returns the sources with each folder replaced by the .torrent files in it.
  ///
  /// A folder that cannot be read, or has no such file, stays in the list as a `.folder`, so that
  /// it fails by itself and the other sources run.
  static func expanded(_ entries: [InputList.Entry]) -> [InputList.Entry] {
    entries.flatMap { entry in
      guard case .file(let path) = entry.source, isFolder(path) else { return [entry] }
      let torrents =
        switch torrents(in: path) {
        case .success(let torrents): torrents
        case .failure: [String]()
        }
      let sources = torrents.isEmpty ? [.folder(path)] : torrents.map(SourceArgument.file)
      return sources.map { InputList.Entry(source: $0, folder: entry.folder) }
    }
  }

  /// Returns the failure of a folder that no torrent was found in.
  static func failure(_ path: String) -> CommandFailure {
    if case .failure(let failure) = torrents(in: path) { return failure }
    return CommandFailure(
      .sourceNotFound, "\(path): there is no .torrent file directly in this folder")
  }

  /// Returns the paths of the .torrent files directly in a folder, sorted by their names.
  ///
  /// As in a shell's `*.torrent`, hidden files do not count. A name that is not UTF-8 is repaired,
  /// and then names no file.
  private static func torrents(in path: String) -> Result<[String], CommandFailure> {
    let folder = Array((path.hasSuffix("/") ? path : path + "/").utf8)
    let names: [[UInt8]]
    do throws(CommandFailure) {
      names = try FolderNames.sorted(in: Array(path.utf8))
    } catch {
      return .failure(error)
    }
    let torrents = names.filter { name in
      name.count > ending.count && name.suffix(ending.count).elementsEqual(ending)
        && name.first != UInt8(ascii: ".") && isCandidate(folder + name)
    }
    return .success(torrents.map { String(decoding: folder + $0, as: UTF8.self) })
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Returns whether a path is that of a file, or of something that cannot be looked at, which
  /// fails when it is read.
  private static func isCandidate(_ path: [UInt8]) -> Bool {
    var status = stat()
    guard unsafe FolderNames.withPath(path, { unsafe stat($0, &status) }) == 0 else { return true }
    return status.st_mode & S_IFMT == S_IFREG
  }
}
