import Glibc

/// A reader of a tree's files as if they were one file.
///
/// It keeps a few files open, and is for use by a single task.
struct TreeReader: ~Copyable {
  private static let openFiles = 32

  private let tree: FileTree
  /// The offset of each file within the torrent.
  private let offsets: [Int64]
  private var descriptors: [(entry: Int, descriptor: Int32)] = []

  init(tree: FileTree, offsets: [Int64]) {
    self.tree = tree
    self.offsets = offsets
  }

  deinit {
    for open in descriptors { close(open.descriptor) }
  }

  /// Returns the offset of each file within the torrent.
  static func offsets(of tree: FileTree) -> [Int64] {
    var next: Int64 = 0
    return tree.entries.map { entry in
      defer { next += entry.length }
      return next
    }
  }

  /// Fills a buffer with the bytes from `offset` on, which must exist.
  mutating func read(
    at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CommandFailure) {
    var filled = 0
    var index = entry(at: offset)
    while filled < buffer.count, index < tree.entries.count {
      let inside = offset + Int64(filled) - offsets[index]
      let available = tree.entries[index].length - inside
      if available <= 0 {
        index += 1
        continue
      }
      let wanted = Int(min(Int64(buffer.count - filled), available))
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + wanted])
      let count = try unsafe read(index, at: inside, into: part)
      filled += count
    }
  }

  private mutating func read(
    _ index: Int, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CommandFailure) -> Int {
    let descriptor = try descriptor(of: index)
    while true {
      let count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if count > 0 { return count }
      if count == 0 { throw Self.changed(tree.entries[index], tree) }
      if errno != EINTR { throw Self.failure(tree.entries[index], tree, errno) }
    }
  }

  private mutating func descriptor(of index: Int) throws(CommandFailure) -> Int32 {
    if let open = descriptors.first(where: { $0.entry == index }) { return open.descriptor }
    let entry = tree.entries[index]
    // Only the root may be a link. O_NONBLOCK prevents a wait if a pipe has taken a file's place.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (tree.isFolder ? O_NOFOLLOW : 0)
    let descriptor = unsafe FolderNames.withPath(tree.path(of: entry)) { unsafe open($0, flags) }
    guard descriptor >= 0 else { throw Self.failure(entry, tree, errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, FileTree.Stamp(status) == entry.stamp else {
      close(descriptor)
      throw Self.changed(entry, tree)
    }
    if descriptors.count == Self.openFiles { close(descriptors.removeFirst().descriptor) }
    descriptors.append((index, descriptor))
    return descriptor
  }

  /// Returns the index of the last file that begins at or before an offset.
  private func entry(at offset: Int64) -> Int {
    var low = 0
    var high = offsets.count
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if offsets[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// Throws if a file of the tree has changed since it was found.
  static func checkUnchanged(_ tree: FileTree) throws(CommandFailure) {
    for entry in tree.entries {
      var status = stat()
      let path = tree.path(of: entry)
      guard unsafe FolderNames.withPath(path, { unsafe stat($0, &status) }) == 0,
        FileTree.Stamp(status) == entry.stamp
      else { throw changed(entry, tree) }
    }
  }

  private static func changed(_ entry: FileTree.Entry, _ tree: FileTree) -> CommandFailure {
    let path = TerminalText.cleaned(utf8: tree.path(of: entry))
    return CommandFailure(.inputOutputFailure, "\(path) was changed while it was read; try again")
  }

  private static func failure(
    _ entry: FileTree.Entry, _ tree: FileTree, _ code: Int32
  ) -> CommandFailure {
    let path = TerminalText.cleaned(utf8: tree.path(of: entry))
    return CommandFailure(.inputOutputFailure, "\(path): \(Console.message(for: code))")
  }
}
