import Glibc
import Primitives
import Synchronization

/// What we know of each place of a torrent on disk, and those of them that are open.
///
/// Only so many files are open at once as the system leaves room for; when there are more, those
/// not used for longest are closed, so torrents of hundreds of thousands of files work under any
/// limit. A file in use is never closed; if all are in use, the bound is exceeded for that moment.
/// One lock guards the books and the opening of files; reading and writing happen outside it.
final class FileTable: Sendable {
  /// What a file is wanted for.
  enum Purpose {
    case reading
    /// Writing a range of its bytes; room is not reserved for a file that one write fills.
    case writing(Range<Int64>)
  }

  struct OpenFile {
    let descriptor: Descriptor
    let isWritable: Bool
    var users: Int
    var lastUse: UInt64
  }

  struct Books {
    var records: [Record]
    var open: [Int: OpenFile] = [:]
    var walk: FolderWalk
    var root: Descriptor?
    var uses: UInt64 = 0
    /// Whether our files are opened for writing.
    var mayWrite = false
    /// The places written since they were last looked at, each once.
    var unstamped: [Int] = []
  }

  let layout: OutputLayout
  /// The output folder's path.
  let folder: String
  let fileSystem: any FileSystem
  let synchronizes: Bool
  let openLimit: Int
  let preallocation: Preallocation
  let books: Mutex<Books>

  init(
    layout: OutputLayout, folder: String, fileSystem: any FileSystem, synchronizes: Bool,
    preallocation: Preallocation
  ) {
    self.layout = layout
    self.folder = folder
    self.fileSystem = fileSystem
    self.synchronizes = synchronizes
    self.preallocation = preallocation
    openLimit = fileSystem.openFileLimit
    books = Mutex(
      Books(
        records: Array(repeating: Record(), count: layout.places.count),
        walk: FolderWalk(fileSystem: fileSystem, rootPath: folder)))
  }

  /// A file's path, for messages.
  func path(_ index: Int) -> String {
    folder + "/" + layout.path(of: index).pathText
  }

  /// All places' records, by number.
  var records: [Record] { books.withLock { $0.records } }

  /// Whether we may change a file.
  func isOurs(_ index: Int) -> Bool { books.withLock { $0.records[index].isOurs } }

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

  /// From now on the files in `ours` may be written; the others are only read.
  func allowWriting(ours: [Bool]) throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      try closeAll(&books)
      for index in books.records.indices {
        books.records[index].isOurs = ours[index]
        if ours[index] { books.records[index].unproved = nil }
      }
      books.mayWrite = true
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

  /// Notes that a file's name is gone.
  func forget(_ index: Int) {
    books.withLock { books in
      books.records[index] = Record()
      books.unstamped.removeAll { $0 == index }
    }
  }

  /// Keeps a file open for reading until everything is closed, whatever becomes of its name.
  func pin(_ index: Int) throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      _ = try borrow(index, for: .reading, &books)
    }
  }

  private func borrow(
    _ index: Int, for purpose: Purpose, _ books: inout Books
  ) throws(StorageError) -> Descriptor {
    books.uses += 1
    if books.open[index] == nil {
      if books.open.count >= openLimit { _ = try closeIdle(&books) }
      books.open[index] = try openMakingRoom(index, for: purpose, &books)
    }
    guard let file = books.open[index] else { throw .fileMissing(path: path(index)) }
    if case .writing(let range) = purpose {
      try reserve(index, file.descriptor, writing: Int(range.upperBound - range.lowerBound), &books)
      books.records[index].writes += 1
      books.records[index].writtenEnd = max(books.records[index].writtenEnd, range.upperBound)
      if !books.records[index].isStale {
        books.records[index].isStale = true
        books.unstamped.append(index)
      }
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
        guard case .tooManyOpenFiles = error, try closeIdle(&books) else { throw error }
      }
    }
  }

  private func open(
    _ index: Int, for purpose: Purpose, _ books: inout Books
  ) throws(StorageError) -> OpenFile {
    let place = layout.places[index]
    let isWritable = books.mayWrite && books.records[index].isOurs
    var creates = false
    if case .writing = purpose { creates = isWritable && !books.records[index].exists }
    let path = layout.path(of: index)
    guard let root = books.root, let name = path.last,
      let parent = try books.walk.folder(of: path, root: root, create: creates)
    else { throw .fileMissing(path: self.path(index)) }
    let access: FileAccess =
      creates ? .create(executable: place.isExecutable) : isWritable ? .write : .read
    let descriptor: Descriptor
    do throws(SystemCallError) {
      descriptor = try fileSystem.openFile(name, in: parent, access)
    } catch {
      if error.code == ENOENT, creates { throw .folderRemoved(path: self.path(index)) }
      throw StorageError(error, path: self.path(index))
    }
    do throws(StorageError) {
      if creates {
        books.records[index].exists = true
        try begin(index, descriptor)
      } else if isWritable {
        try confirmOurs(index, descriptor, stamp: books.records[index].stamp)
      }
    } catch {
      // The error that was thrown is the one to report.
      try? fileSystem.close(descriptor)
      throw error
    }
    return OpenFile(descriptor: descriptor, isWritable: isWritable, users: 0, lastUse: 0)
  }

  /// Writes what a new file begins with: the part file says whose it is.
  private func begin(_ index: Int, _ descriptor: Descriptor) throws(StorageError) {
    guard index == layout.partPlace else { return }
    do { try fileSystem.writeBytes(layout.partHeader, to: descriptor) } catch {
      throw StorageError(error, path: path(index))
    }
  }

  /// Makes sure that the file that was opened for writing is the one that was looked at.
  private func confirmOurs(
    _ index: Int, _ descriptor: Descriptor, stamp: FileStamp?
  ) throws(StorageError) {
    let status: FileStatus
    do { status = try fileSystem.status(of: descriptor) } catch {
      throw StorageError(error, path: path(index))
    }
    guard status.kind == .file else { throw .notAFile(path: path(index)) }
    guard status.links == 1 else { throw .hardLinked(path: path(index)) }
    guard stamp?.mayBeSameFile(as: FileStamp(status)) ?? true else {
      throw .changedUnderneath(path: path(index))
    }
  }

  /// Makes a file's room when it is first written, as the user chose.
  ///
  /// By default it is reserved: space that is not there shows early, and the pieces, which come in
  /// any order, lie in a row on disk. The part file is as small as it can be.
  private func reserve(
    _ index: Int, _ descriptor: Descriptor, writing count: Int, _ books: inout Books
  ) throws(StorageError) {
    let place = layout.places[index]
    // There is no such thing as room for nothing: the system would call it an error.
    guard place.isWanted, place.length > 0, !books.records[index].isReserved else { return }
    // What one write fills needs no room made before it.
    guard preallocation == .full || count < place.length else { return }
    do throws(SystemCallError) {
      switch preallocation {
      case .none: break
      case .sparse: try fileSystem.resize(descriptor, to: place.length)
      case .full: try fileSystem.reserve(descriptor, length: place.length, thoroughly: true)
      case .automatic:
        do {
          try fileSystem.reserve(descriptor, length: place.length, thoroughly: false)
        } catch {
          // Not every file system can reserve; a sparse file is the next best thing.
          guard error.meansUnsupported else { throw error }
          try fileSystem.resize(descriptor, to: place.length)
        }
      }
    } catch {
      if preallocation == .full, error.meansUnsupported { throw .cannotReserve(path: path(index)) }
      throw StorageError(error, path: path(index))
    }
    books.records[index].isReserved = true
  }

  // MARK: - Closing

  /// Closes files that are not in use, for whoever needs descriptors; false when there are none.
  func makeRoom() throws(StorageError) -> Bool {
    try books.withLock { books throws(StorageError) in try closeIdle(&books) }
  }

  /// Closes the files that were not used for longest, a quarter of those that are open and at least
  /// one, and folders; false when all are in use.
  func closeIdle(_ books: inout Books) throws(StorageError) -> Bool {
    // Uses are numbered, so the order does not depend on the dictionary's.
    let idle = books.open.filter { $0.value.users == 0 }
      .sorted { $0.value.lastUse < $1.value.lastUse }
    var failure: StorageError?
    for (index, file) in idle.prefix(max(1, books.open.count / 4)) {
      books.open[index] = nil
      do { try close(index, file, &books) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    let hasClosedFolders = try books.walk.makeRoom()
    return hasClosedFolders || !idle.isEmpty
  }

  /// Closes every file, and the root as well unless it is kept; files are only read from now on.
  ///
  /// Everything is closed even if something fails; the first failure is thrown. At the end of a
  /// download, which has written every byte, files are also searched for holes.
  func close(keepingRoot: Bool, seekingHoles: Bool = false) throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      books.mayWrite = false
      var failure: StorageError?
      if seekingHoles {
        do throws(StorageError) { try seekHoles(&books) } catch { failure = error }
      }
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

  private func closeAll(_ books: inout Books) throws(StorageError) {
    var failure: StorageError?
    for (index, file) in books.open.sorted(by: { $0.key < $1.key }) {
      do { try close(index, file, &books) } catch { failure = failure ?? error }
    }
    books.open.removeAll()
    do { try books.walk.close() } catch { failure = failure ?? error }
    if let failure { throw failure }
  }

  private func close(
    _ index: Int, _ file: OpenFile, _ books: inout Books
  ) throws(StorageError) {
    var failure: SystemCallError?
    if file.isWritable, books.records[index].stamp == nil {
      // From now on only its name leads to it, and somebody may put another file there.
      do throws(SystemCallError) {
        books.records[index].stamp = FileStamp(try fileSystem.status(of: file.descriptor))
      } catch {
        failure = error
      }
    }
    if synchronizes, file.isWritable {
      do { try fileSystem.synchronize(file.descriptor) } catch { failure = failure ?? error }
    }
    do { try fileSystem.close(file.descriptor) } catch { failure = failure ?? error }
    if let failure { throw StorageError(failure, path: path(index)) }
  }
}

extension SystemCallError {
  /// Whether the file system cannot do such a thing at all.
  fileprivate var meansUnsupported: Bool { [EOPNOTSUPP, ENOSYS, EINVAL].contains(code) }

  /// Whether nothing has that name.
  var meansMissing: Bool { code == ENOENT }
}
