import Glibc
import Primitives
import Synchronization

/// The records of a torrent's places on disk, and the open files among them.
///
/// The number of open files is limited by the session's `OpenFileBudget`. Beyond that, the least
/// recently used ones are closed, so torrents with hundreds of thousands of files work under any
/// limit. One lock guards the records and the opening of files. Reads and writes happen outside it.
final class FileTable: Sendable {
  /// The purpose for which a file is opened.
  enum Purpose {
    case reading
    /// Writing a range of its bytes; no space is reserved for a file that one write fills.
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
    /// A Boolean value indicating whether our files are opened for writing.
    var mayWrite = false
    /// The places written since the latest look at them, without duplicates.
    var unstamped: [Int] = []
    /// The failure to close a file to make room, until a writer or a save reports it.
    ///
    /// The bytes of a write may be lost. A reader must not consume this, because its own bytes are
    /// right.
    var failure: StorageError?

    /// The places whose bytes may be lost.
    var doubtful: Set<Int> { Set(records.indices.filter { records[$0].isDoubtful }) }

    /// Keeps a failure; the first one stays.
    mutating func keep(_ error: StorageError) { failure = failure ?? error }

    /// Closes the folders of a torrent without open files, which no other torrent can ask for.
    mutating func closeUnusedFolders() {
      guard open.isEmpty else { return }
      do throws(StorageError) { try walk.close() } catch { keep(error) }
    }

    /// Throws the failure that was kept, once.
    mutating func reportFailure() throws(StorageError) {
      if let failure = failure.take() { throw failure }
    }
  }

  let layout: OutputLayout
  /// The output folder's path.
  let folder: String
  let fileSystem: any FileSystem
  let synchronizes: Bool
  let openFiles: OpenFileBudget
  let preallocation: Preallocation
  let books: Mutex<Books>

  init(
    layout: OutputLayout, folder: String, fileSystem: any FileSystem, synchronizes: Bool,
    preallocation: Preallocation, openFiles: OpenFileBudget
  ) {
    self.layout = layout
    self.folder = folder
    self.fileSystem = fileSystem
    self.synchronizes = synchronizes
    self.preallocation = preallocation
    self.openFiles = openFiles
    books = Mutex(
      Books(
        records: Array(repeating: Record(), count: layout.places.count),
        walk: FolderWalk(fileSystem: fileSystem, rootPath: folder)))
  }

  deinit { openFiles.forget(ObjectIdentifier(self)) }

  /// Returns a file's path, for messages.
  func path(_ index: Int) -> String {
    folder + "/" + layout.path(of: index).pathText
  }

  /// The records of all places, by index.
  var records: [Record] { books.withLock { $0.records } }

  /// Returns whether we may change a file.
  func isOurs(_ index: Int) -> Bool { books.withLock { $0.records[index].isOurs } }

  /// Opens the output folder; nil if it is missing and must not be created.
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

  /// Returns what writes files to the disk itself, if that is asked for and there is a folder.
  func diskSync() throws(StorageError) -> DiskSync? {
    guard synchronizes, let root = try openRoot(create: false) else { return nil }
    return DiskSync(layout: layout, folder: folder, root: root, fileSystem: fileSystem)
  }

  /// Allows writes to the files in `ours` from now on; other files are only read.
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

  /// Calls `body` with an open file, which is opened, or created for writing, if necessary.
  func withFile<Result>(
    _ index: Int, for purpose: Purpose, _ body: (Descriptor) throws(SystemCallError) -> Result
  ) throws(StorageError) -> Result {
    let descriptor = try borrow(index, for: purpose)
    defer { books.withLock { $0.open[index]?.users -= 1 } }
    do {
      return try body(descriptor)
    } catch {
      throw StorageError(error, path: path(index))
    }
  }

  /// Records that a file's name has been removed.
  func forget(_ index: Int) {
    books.withLock { books in
      books.records[index] = Record()
      books.unstamped.removeAll { $0 == index }
    }
  }

  /// Keeps a file open for reading until everything is closed, even if its name is removed.
  func pin(_ index: Int) throws(StorageError) {
    _ = try borrow(index, for: .reading)
  }

  private func borrow(
    _ index: Int, for purpose: Purpose
  ) throws(StorageError) -> Descriptor {
    try makingRoom { () throws(StorageError) in
      try books.withLock { books throws(StorageError) in
        try borrow(index, for: purpose, &books)
      }
    }
  }

  private func borrow(
    _ index: Int, for purpose: Purpose, _ books: inout Books
  ) throws(StorageError) -> Descriptor {
    books.uses += 1
    if books.open[index] == nil {
      // A round may close only folders, which the budget does not count. Other threads may open files
      // meanwhile, so the number of rounds is limited.
      for _ in 0...2 * openFiles.limit {
        guard openFiles.isFull, makeRoom(&books) else { break }
      }
      books.open[index] = try open(index, for: purpose, &books)
      openFiles.opened(by: self)
    }
    guard let file = books.open[index] else { throw .fileMissing(path: path(index)) }
    if case .writing(let range) = purpose {
      try books.reportFailure()
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
        // The header identifies the part file.
        if index == layout.partPlace {
          do { try fileSystem.writeBytes(layout.partHeader, to: descriptor) } catch {
            throw StorageError(error, path: self.path(index))
          }
        }
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

  /// Checks that a file opened for writing is the one that was surveyed.
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

  /// Allocates a file's space on its first write, as the user chose.
  ///
  /// By default the space is reserved. A full disk is then noticed early, and the pieces, which
  /// arrive in any order, are contiguous on disk. The part file is as small as possible, and
  /// nothing is reserved for it.
  private func reserve(
    _ index: Int, _ descriptor: Descriptor, writing count: Int, _ books: inout Books
  ) throws(StorageError) {
    let place = layout.places[index]
    // The system treats a reservation of zero bytes as an error.
    guard place.isWanted, place.length > 0, !books.records[index].isReserved else { return }
    // A file that this write fills needs no reservation.
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
          // Not every file system can reserve space; a sparse file is the next best choice.
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

  /// Closes all files and, unless it is kept, the root; files are only read from now on.
  ///
  /// Everything is closed even after a failure, and the first failure is thrown. At the end of a
  /// download, which has written every byte, the files are also searched for holes.
  func close(keepingRoot: Bool, seekingHoles: Bool = false) throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      books.mayWrite = false
      var failure: StorageError?
      if seekingHoles {
        do throws(StorageError) { try seekHoles(&books) } catch { failure = error }
      }
      do throws(StorageError) { try closeAll(&books) } catch { failure = failure ?? error }
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
    for (index, file) in books.open.sorted(by: { $0.key < $1.key }) {
      do { try close(index, file, &books) } catch { books.keep(error) }
    }
    books.open.removeAll()
    do { try books.walk.close() } catch { books.keep(error) }
    try books.reportFailure()
  }

  /// Closes one file.
  func close(
    _ index: Int, _ file: OpenFile, _ books: inout Books
  ) throws(StorageError) {
    openFiles.closed(by: self)
    var failure: SystemCallError?
    if file.isWritable, books.records[index].stamp == nil {
      // From now on the file is found by its name only, and another file may take that name.
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
    guard let failure else { return }
    if file.isWritable { books.records[index].isDoubtful = true }
    throw StorageError(failure, path: path(index))
  }
}

extension SystemCallError {
  /// A Boolean value indicating whether the file system does not support the operation.
  fileprivate var meansUnsupported: Bool { [EOPNOTSUPP, ENOSYS, EINVAL].contains(code) }

  /// A Boolean value indicating whether the name does not exist.
  var meansMissing: Bool { code == ENOENT }
}
