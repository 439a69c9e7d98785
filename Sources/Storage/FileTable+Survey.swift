import Glibc
import Metainfo
import Primitives
import Synchronization

/// Looking at files by their names.
extension FileTable {
  /// Looks at every place on disk.
  ///
  /// An obstacle in the way of a file is an error only if the file is wanted.
  func scan() throws(StorageError) {
    let root = try openRoot(create: false)
    var records = Array(repeating: Record(), count: layout.places.count)
    var walk = FolderWalk(fileSystem: fileSystem, rootPath: folder, isSurvey: true)
    for (index, place) in layout.places.enumerated() where place.isStored {
      guard let root else { continue }
      do throws(StorageError) {
        guard let status = try look(at: index, &walk, root: root) else { continue }
        records[index].stamp = FileStamp(status)
        records[index].isLinked = status.links > 1
        records[index].exists = true
      } catch {
        if place.isWanted { throw error }
      }
    }
    try walk.close()
    let surveyed = records
    books.withLock { $0.records = surveyed }
  }

  /// Notes which of the files that are there are ours.
  ///
  /// `claim` is asked about each; `left` is the stamp under which an earlier run has named it.
  func claim(_ claim: (Int, FileStamp) -> OwnershipProof.Claim, left: (Int) -> FileStamp?) {
    books.withLock { books in
      for index in books.records.indices {
        guard let stamp = books.records[index].stamp else { continue }
        let claim = claim(index, stamp)
        books.records[index].isOurs = claim == .ours && !books.records[index].isLinked
        books.records[index].isUndecided = claim == .undecided && !books.records[index].isLinked
        if claim != .foreign, !books.records[index].isOurs {
          books.records[index].unproved = left(index) ?? stamp
        }
      }
    }
  }

  /// Decides about a file whose content has been looked at.
  func decide(_ index: Int, isOurs: Bool) {
    books.withLock { books in
      books.records[index].isUndecided = false
      books.records[index].isOurs = isOurs
      if isOurs { books.records[index].unproved = nil }
    }
  }

  /// Looks again at every file that was written since it was last looked at.
  ///
  /// A file that is gone, was cut, or has become something else, is an error: its bytes are lost.
  func stampWritten() throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      guard let root = books.root else { return }
      try confirm(root, &books)
      books.unstamped.sort(by: >)
      while let index = books.unstamped.last {
        books.records[index].stamp = try confirmed(index, &books, root: root)
        books.records[index].isStale = false
        books.unstamped.removeLast()
      }
    }
  }

  /// Makes sure that every wanted file that this run has written is in its place, whole.
  func confirmWritten() throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      guard let root = books.root else { return }
      try confirm(root, &books)
      for (index, place) in layout.places.enumerated()
      where place.isWanted && books.records[index].isWritten {
        let stamp = try confirmed(index, &books, root: root)
        guard stamp.size == place.length else { throw .changedUnderneath(path: path(index)) }
        books.records[index].stamp = stamp
      }
      try books.walk.close()
    }
  }

  /// The stamp of a file that was written, if it still is that file and has all the bytes.
  private func confirmed(
    _ index: Int, _ books: inout Books, root: Descriptor
  ) throws(StorageError) -> FileStamp {
    let record = books.records[index]
    guard let status = try look(at: index, &books.walk, root: root) else {
      throw .changedUnderneath(path: path(index))
    }
    guard status.links == 1 else { throw .hardLinked(path: path(index)) }
    let stamp = FileStamp(status)
    let isInUse = books.open[index].map { $0.users > 0 } ?? false
    let hasRoom = record.isReserved && preallocation != .none
    let end = hasRoom ? layout.places[index].length : record.writtenEnd
    // While another thread writes, the bytes that it has announced need not be there yet.
    guard isInUse || stamp.size >= end else { throw .changedUnderneath(path: path(index)) }
    var known = record.stamp
    if known == nil, let file = books.open[index] {
      do { known = FileStamp(try fileSystem.status(of: file.descriptor)) } catch {
        throw StorageError(error, path: path(index))
      }
    }
    guard known?.mayBeSameFile(as: stamp) ?? true else {
      throw .changedUnderneath(path: path(index))
    }
    return stamp
  }

  /// Makes sure that the folder's path still leads to the folder that we have open, and that what
  /// is looked at next is looked for from there, not in folders that were moved meanwhile.
  private func confirm(_ root: Descriptor, _ books: inout Books) throws(StorageError) {
    try books.walk.close()
    do throws(SystemCallError) {
      let again = try fileSystem.openRoot(folder, create: false)
      let (now, known) = (try fileSystem.status(of: again), try fileSystem.status(of: root))
      try fileSystem.close(again)
      if now.inode == known.inode { return }
    } catch {
      guard error.meansMissing else { throw StorageError(error, path: folder) }
    }
    throw .folderMoved(path: folder)
  }

  /// The status of a file by its name; nil when there is none.
  private func look(
    at index: Int, _ walk: inout FolderWalk, root: Descriptor
  ) throws(StorageError) -> FileStatus? {
    let way = layout.path(of: index)
    guard let name = way.last, let parent = try walk.folder(of: way, root: root, create: false)
    else { return nil }
    let status: FileStatus
    do {
      status = try fileSystem.status(name, in: parent)
    } catch {
      if error.code == ENOENT { return nil }
      throw StorageError(error, path: path(index))
    }
    switch status.kind {
    case .file: return status
    case .symlink: throw .symlink(path: path(index))
    case .folder, .other: throw .notAFile(path: path(index))
    }
  }

  /// The stamp of the part file, if its header says that it belongs to this torrent.
  func stampOfPart(named name: FileName, in root: Descriptor) throws(StorageError) -> FileStamp? {
    do throws(SystemCallError) {
      let file = try fileSystem.openFile(name, in: root, .read)
      let status: FileStatus
      let header: [UInt8]
      do throws(SystemCallError) {
        status = try fileSystem.status(of: file)
        header =
          status.kind == .file ? try fileSystem.readBytes(file, count: PartFile.headerLength) : []
      } catch {
        // The error that was thrown is the one to report.
        try? fileSystem.close(file)
        throw error
      }
      try fileSystem.close(file)
      return header == layout.partHeader && status.links == 1 ? FileStamp(status) : nil
    } catch {
      // Nothing that can be opened as a file is no part file of ours.
      if [ENOENT, ELOOP, EISDIR, ENOTDIR, ENXIO, EACCES].contains(error.code) { return nil }
      throw StorageError(error, path: "\(folder)/\(name)")
    }
  }
}
