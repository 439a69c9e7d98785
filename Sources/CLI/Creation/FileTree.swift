import Glibc

/// The files of which a torrent is made, in the order of their paths' bytes.
struct FileTree: Sendable {
  /// One regular file.
  struct Entry: Sendable, Equatable {
    /// The components below the top folder; none for a torrent of one file.
    let path: [[UInt8]]
    let length: Int64
    let isExecutable: Bool
    let stamp: Stamp

    /// The path for people.
    var display: String {
      path.map { TerminalText.cleaned(utf8: $0) }.joined(separator: "/")
    }
  }

  /// What tells that a file is another one or has changed.
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

  /// How deep folders may be; what is deeper could not be loaded.
  private static let deepest = 100
  /// How many files there may be.
  private static let most = 1_000_000

  /// The file or folder itself.
  let root: String
  /// Whether the root is a folder.
  let isFolder: Bool
  /// The files.
  private(set) var entries: [Entry] = []
  /// What was left out because it is neither file nor folder, by its path.
  private(set) var skipped: [String] = []
  private var unfinished = UnfinishedDownloads()

  /// The bytes of all files.
  var totalLength: Int64 { entries.reduce(0) { $0 + $1.length } }

  /// Looks at everything below a path.
  ///
  /// - Parameters:
  ///   - path: A file or folder; a symbolic link there is followed, below it none is.
  ///   - exclusions: What is left out.
  /// - Throws: `CommandFailure` when something cannot be read, or is an unfinished download.
  init(scanning path: String, excluding exclusions: [Glob]) throws(CommandFailure) {
    root = path
    var status = stat()
    guard stat(path, &status) == 0 else { throw Self.failure(path, errno) }
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

  /// Where an entry is.
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
    let names = try unfinished.filter(Self.names(in: path), in: path) { name in
      guard !exclusions.isEmpty else { return false }
      let path = folder + [name]
      return exclusions.contains { $0.matches(path) }
    }
    for name in names {
      let place = folder + [name]
      var status = stat()
      let full = path + [UInt8(ascii: "/")] + name
      guard FileTree.withPath(full, { lstat($0, &status) }) == 0 else {
        throw Self.failure(TerminalText.cleaned(utf8: full), errno)
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

  /// The names in a folder, in the order of their bytes.
  private static func names(in folder: [UInt8]) throws(CommandFailure) -> [[UInt8]] {
    let descriptor = withPath(folder) {
      open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard descriptor >= 0 else {
      throw failure(TerminalText.cleaned(utf8: folder), errno)
    }
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      throw failure(TerminalText.cleaned(utf8: folder), errno)
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let item = readdir(stream) else {
        if errno != 0 { throw failure(TerminalText.cleaned(utf8: folder), errno) }
        break
      }
      let name = withUnsafeBytes(of: &item.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func entry(_ path: [[UInt8]], _ status: stat) -> Entry {
    Entry(
      path: path, length: Int64(status.st_size), isExecutable: status.st_mode & S_IXUSR != 0,
      stamp: Stamp(status))
  }

  /// Lends a path, which need not be text, to the system.
  static func withPath<Result>(
    _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    (path + [0]).map(CChar.init(bitPattern:)).withUnsafeBufferPointer { bytes in
      // An array with an element has an address.
      withUnsafePointer(to: 0 as CChar) { body(bytes.baseAddress ?? $0) }
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
    switch code {
    case ENOENT, ENOTDIR: CommandFailure(.sourceNotFound, "\(path): no such file or folder")
    default: CommandFailure(.inputOutputFailure, "\(path): \(Console.message(for: code))")
    }
  }
}
