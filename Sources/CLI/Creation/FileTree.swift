import Glibc

/// The files of a new torrent, in the order of their paths' bytes.
struct FileTree: Sendable {
  /// One regular file.
  struct Entry: Sendable, Equatable {
    /// The path's components below the top folder; empty for a torrent of a single file.
    let path: [[UInt8]]
    let length: Int64
    let isExecutable: Bool
    let stamp: Stamp
  }

  /// The identity and version of a file, by which a replacement or change is detected.
  struct Stamp: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  /// The maximum depth of folders; torrents with deeper ones could not be loaded.
  private static let deepest = 100
  /// The maximum number of files.
  private static let most = 1_000_000

  /// The path of the file or folder itself.
  let root: String
  /// A Boolean value indicating whether the root is a folder.
  let isFolder: Bool
  /// The files found.
  private(set) var entries: [Entry] = []
  /// The paths that were left out because they are neither files nor folders.
  private(set) var skipped: [String] = []
  private var unfinished = UnfinishedDownloads()

  /// The size of all files together, in bytes.
  var totalLength: Int64 { entries.reduce(0) { $0 + $1.length } }

  /// Finds all files below a path.
  ///
  /// - Parameters:
  ///   - path: A file or folder; it may be a symbolic link, but links below it are not followed.
  ///   - exclusions: The patterns of files to leave out.
  /// - Throws: `CommandFailure` if something cannot be read or is an unfinished download.
  init(scanning path: String, excluding exclusions: [Glob]) throws(CommandFailure) {
    root = path
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw FolderNames.failure(Array(path.utf8), errno)
    }
    unfinished.look(around: path)
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      isFolder = true
      try scan([], exclusions)
      entries.sort { left, right in
        left.path.lexicographicallyPrecedes(right.path) { $0.lexicographicallyPrecedes($1) }
      }
    case S_IFREG:
      isFolder = false
      entries = [Self.entry([], status)]
    default:
      throw CommandFailure(.inputOutputFailure, "\(path) is neither a file nor a folder")
    }
    if let failure = unfinished.failure { throw failure }
  }

  /// Returns the path of an entry.
  func path(of entry: Entry) -> [UInt8] {
    Array(root.utf8) + entry.path.flatMap { [UInt8(ascii: "/")] + $0 }
  }

  private mutating func scan(
    _ folder: [[UInt8]], _ exclusions: [Glob]
  ) throws(CommandFailure) {
    let path = Array(root.utf8) + folder.flatMap { [UInt8(ascii: "/")] + $0 }
    let shown = TerminalText.cleaned(utf8: path)
    guard folder.count < Self.deepest else {
      throw CommandFailure(.failure, "\(shown) is more than \(Self.deepest) folders deep")
    }
    let names = try unfinished.filter(FolderNames.sorted(in: path), in: path) { name in
      guard !exclusions.isEmpty else { return false }
      let path = folder + [name]
      return exclusions.contains { $0.matches(path) }
    }
    for name in names {
      let place = folder + [name]
      var status = stat()
      let full = path + [UInt8(ascii: "/")] + name
      guard unsafe FolderNames.withPath(full, { unsafe lstat($0, &status) }) == 0 else {
        throw FolderNames.failure(full, errno)
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try scan(place, exclusions)
      case S_IFREG: entries.append(Self.entry(place, status))
      default: skipped.append(TerminalText.cleaned(utf8: full))
      }
      guard entries.count <= Self.most else {
        throw CommandFailure(.failure, "\(root) holds more than \(Self.most) files")
      }
    }
  }

  private static func entry(_ path: [[UInt8]], _ status: stat) -> Entry {
    Entry(
      path: path, length: Int64(status.st_size), isExecutable: status.st_mode & S_IXUSR != 0,
      stamp: Stamp(status))
  }
}
