import Metainfo
import Glibc
import Synchronization

/// What we know of each file of a torrent on disk, and those of them that are open.
///
/// At most 128 files are open at once, the least recently used one is closed for the next, so
/// torrents of hundreds of thousands of files work under any limit. A file in use is never closed;
/// if all are in use, the bound is exceeded for that moment. One lock guards the books and the
/// opening of files; reading and writing happen outside it.
final class FileTable: Sendable {
  /// How many files stay open.
  static let openLimit = 128

  /// What a file is wanted for.
  enum Purpose {
    case reading
    /// Writing `length` bytes; a file is not reserved when they are all that it has.
    case writing(length: Int)
  }

  /// One file on disk.
  struct Record: Equatable, Sendable {
    var exists = false
    var size: Int64 = 0
    /// Whether we may change it: we made it, or overwriting is allowed.
    var isOurs = false
    /// Whether room for all of it was asked for.
    var isReserved = false
  }

  private struct OpenFile {
    let descriptor: Descriptor
    let isWritable: Bool
    var users: Int
    var lastUse: UInt64
  }

  private struct Books {
    var records: [Record]
    var open: [Int: OpenFile] = [:]
    var walk: FolderWalk
    var root: Descriptor?
    var uses: UInt64 = 0
    /// Whether our files are opened for writing.
    var mayWrite = false
  }

  let layout: FileLayout
  /// The output folder's path.
  let folder: String
  let fileSystem: any FileSystem
  private let synchronizes: Bool
  private let books: Mutex<Books>

  init(layout: FileLayout, folder: String, fileSystem: any FileSystem, synchronizes: Bool) {
    self.layout = layout
    self.folder = folder
    self.fileSystem = fileSystem
    self.synchronizes = synchronizes
    books = Mutex(
      Books(
        records: Array(repeating: Record(), count: layout.files.count),
        walk: FolderWalk(fileSystem: fileSystem, rootPath: folder)))
  }

  /// A file's path, for messages.
  func path(_ index: Int) -> String { folder + "/" + layout.files[index].displayPath }

  /// All files' records, by number.
  var records: [Record] { books.withLock { $0.records } }

  /// Whether we may change a file.
  func isOurs(_ index: Int) -> Bool { books.withLock { $0.records[index].isOurs } }

  // MARK: - The whole torrent

  /// Opens the output folder; nil when it is missing and must not be created.
  func openRoot(create: Bool) throws(StorageError) -> Descriptor? {
    try books.withLock { books throws(StorageError) in
      if let root = books.root { return root }
      do throws(SystemCallError) {
        books.root = try fileSystem.openRoot(folder, create: create)
      } catch {
        if error.code == ENOENT, !create { return nil }
        if error.code == ENOENT { throw .folderMissing(path: folder) }
        throw StorageError(error, path: folder)
      }
      return books.root
    }
  }

  /// Looks at every file on disk; `isOurs` says which we may change.
  func scan(isOurs: (Int) -> Bool) throws(StorageError) {
    let root = try openRoot(create: false)
    var records = Array(repeating: Record(), count: layout.files.count)
    var walk = FolderWalk(fileSystem: fileSystem, rootPath: folder)
    for file in layout.files where file.isStored {
      if let root, let parent = try walk.folder(of: file.path, root: root, create: false) {
        if let size = try size(of: file, in: parent) {
          records[file.index].exists = true
          records[file.index].size = size
        }
      }
      records[file.index].isOurs = isOurs(file.index)
    }
    try walk.close()
    books.withLock { $0.records = records }
  }

  private func size(of file: TorrentFile, in parent: Descriptor) throws(StorageError) -> Int64? {
    let status: FileStatus
    do {
      status = try fileSystem.status(file.path[file.path.count - 1], in: parent)
    } catch {
      if error.code == ENOENT { return nil }
      throw StorageError(error, path: path(file.index))
    }
    switch status.kind {
    case .file: return status.size
    case .symlink: throw .symlink(path: path(file.index))
    case .folder, .other: throw .notAFile(path: path(file.index))
    }
  }

  /// From now on the files in `ours` may be written; the others are only read.
  func allowWriting(ours: [Bool]) throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      try closeAll(&books)
      for index in books.records.indices { books.records[index].isOurs = ours[index] }
      books.mayWrite = true
    }
  }

  /// Closes every file, and the root as well unless it is kept; files are only read from now on.
  ///
  /// Everything is closed even if something fails; the first failure is thrown.
  func close(keepingRoot: Bool) throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      books.mayWrite = false
      var failure: StorageError?
      do throws(StorageError) { try closeAll(&books) } catch { failure = error }
      if !keepingRoot, let root = books.root {
        books.root = nil
        do throws(SystemCallError) { try fileSystem.close(root) } catch {
          failure = failure ?? StorageError(error, path: folder)
        }
      }
      if let failure { throw failure }
    }
  }

  // MARK: - One file

  /// Lends an open file to `body`, opening it, and creating it for writing, when needed.
  func withFile<Result>(
    _ index: Int, for purpose: Purpose, _ body: (Descriptor) throws(SystemCallError) -> Result
  ) throws(StorageError) -> Result {
    let descriptor = try books.withLock { books throws(StorageError) in
      try borrow(index, for: purpose, &books)
    }
    defer { books.withLock { $0.open[index]?.users -= 1 } }
    do {
      return try body(descriptor)
    } catch {
      throw StorageError(error, path: path(index))
    }
  }

  private func borrow(
    _ index: Int, for purpose: Purpose, _ books: inout Books
  ) throws(StorageError) -> Descriptor {
    books.uses += 1
    if books.open[index] == nil {
      while books.open.count >= Self.openLimit, try closeOldest(&books) {}
      books.open[index] = try openMakingRoom(index, for: purpose, &books)
    }
    guard let file = books.open[index] else { throw .fileMissing(path: path(index)) }
    if case .writing(let length) = purpose, length < layout.files[index].length {
      try reserve(index, file.descriptor, &books)
    }
    books.open[index]?.users += 1
    books.open[index]?.lastUse = books.uses
    return file.descriptor
  }

  /// Where the system allows fewer open files than we would keep, those not in use make room.
  private func openMakingRoom(
    _ index: Int, for purpose: Purpose, _ books: inout Books
  ) throws(StorageError) -> OpenFile {
    while true {
      do throws(StorageError) {
        return try open(index, for: purpose, &books)
      } catch {
        guard case .tooManyOpenFiles = error, try closeOldest(&books) else { throw error }
      }
    }
  }

  private func open(
    _ index: Int, for purpose: Purpose, _ books: inout Books
  ) throws(StorageError) -> OpenFile {
    let file = layout.files[index]
    let isWritable = books.mayWrite && books.records[index].isOurs
    var creates = false
    if case .writing = purpose { creates = isWritable && !books.records[index].exists }
    guard let root = books.root,
      let parent = try books.walk.folder(of: file.path, root: root, create: creates)
    else { throw .fileMissing(path: path(index)) }
    let access: FileAccess =
      creates ? .create(executable: file.isExecutable) : isWritable ? .write : .read
    do {
      let descriptor = try fileSystem.openFile(file.path[file.path.count - 1], in: parent, access)
      books.records[index].exists = true
      return OpenFile(descriptor: descriptor, isWritable: isWritable, users: 0, lastUse: 0)
    } catch {
      throw StorageError(error, path: path(index))
    }
  }

  /// Reserves a file's room when it is first written: space that is not there shows early, and the
  /// pieces, which come in any order, lie in a row on disk.
  private func reserve(
    _ index: Int, _ descriptor: Descriptor, _ books: inout Books
  ) throws(StorageError) {
    guard !books.records[index].isReserved else { return }
    let length = layout.files[index].length
    do throws(SystemCallError) {
      do {
        try fileSystem.reserve(descriptor, length: length)
      } catch {
        // Not every file system can reserve; a sparse file is the next best thing.
        guard [EOPNOTSUPP, ENOSYS, EINVAL].contains(error.code) else { throw error }
        try fileSystem.resize(descriptor, to: length)
      }
    } catch {
      throw StorageError(error, path: path(index))
    }
    books.records[index].isReserved = true
  }

  // MARK: - Closing

  private func closeOldest(_ books: inout Books) throws(StorageError) -> Bool {
    var oldest: (index: Int, file: OpenFile)?
    for (index, file) in books.open where file.users == 0 {
      // Uses are numbered, so the oldest is one file whatever the dictionary's order.
      if file.lastUse < oldest?.file.lastUse ?? .max { oldest = (index, file) }
    }
    guard let oldest else { return false }
    books.open[oldest.index] = nil
    try close(oldest.index, oldest.file)
    return true
  }

  private func closeAll(_ books: inout Books) throws(StorageError) {
    var failure: StorageError?
    for (index, file) in books.open.sorted(by: { $0.key < $1.key }) {
      do { try close(index, file) } catch { failure = failure ?? error }
    }
    books.open.removeAll()
    do { try books.walk.close() } catch { failure = failure ?? error }
    if let failure { throw failure }
  }

  private func close(_ index: Int, _ file: OpenFile) throws(StorageError) {
    var failure: SystemCallError?
    if synchronizes, file.isWritable {
      do { try fileSystem.synchronize(file.descriptor) } catch { failure = error }
    }
    do { try fileSystem.close(file.descriptor) } catch { failure = failure ?? error }
    if let failure { throw StorageError(failure, path: path(index)) }
  }
}
