import Glibc
import Metainfo
import Primitives
import Synchronization

/// Surveys of files by their names.
extension FileTable {
  /// Surveys all places on disk.
  ///
  /// An obstacle in the place of a file is an error only if the file is selected.
  func scan() throws(StorageError) {
    let root = try openRoot(create: false)
    var records = Array(repeating: Record(), count: layout.places.count)
    var walk = FolderWalk(fileSystem: fileSystem, rootPath: folder, isSurvey: true)
    var failure = FirstFailure()
    for (index, place) in layout.places.enumerated() where place.isStored {
      guard let root else { continue }
      do throws(StorageError) {
        guard let status = try walk.file(at: layout.path(of: index), root: root) else { continue }
        records[index].stamp = FileStamp(status)
        records[index].isLinked = status.links > 1
        records[index].exists = true
      } catch {
        guard place.isWanted else { continue }
        failure.note(error)
        break
      }
    }
    failure.attempt { () throws(StorageError) in try walk.close() }
    try failure.report()
    let surveyed = records
    books.withLock { $0.records = surveyed }
  }

  /// Records which of the existing files are ours.
  ///
  /// `claim` returns the verdict on each; `left` returns the stamp by which an earlier run named
  /// it.
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

  /// Records the verdict on a file whose content has been examined.
  func decide(_ index: Int, isOurs: Bool) {
    books.withLock { books in
      books.records[index].isUndecided = false
      books.records[index].isOurs = isOurs
      if isOurs { books.records[index].unproved = nil }
    }
  }

  /// Looks again at every file that was written since the latest look at it.
  ///
  /// A file that was removed, truncated or replaced is an error, because its bytes are lost.
  func stampWritten() throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      try books.reportFailure()
      guard let root = books.root else { return }
      try confirm(root, &books)
      books.unstamped.sort(by: >)
      while let index = books.unstamped.last {
        books.records[index].stamp = try confirmed(index, &books, root: root)
        books.records[index].isStale = false
        books.unstamped.removeLast()
      }
      // The budget does not count folders, so no other torrent can ask for them.
      try books.walk.close()
    }
  }

  /// Checks that every selected file written by this run is in its place and has its full length.
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

  /// Returns the stamp of a written file if it is still the same file and has all written bytes.
  private func confirmed(
    _ index: Int, _ books: inout Books, root: Descriptor
  ) throws(StorageError) -> FileStamp {
    let record = books.records[index]
    guard let status = try books.walk.file(at: layout.path(of: index), root: root) else {
      throw .changedUnderneath(path: path(index))
    }
    guard status.links == 1 else { throw .hardLinked(path: path(index)) }
    let stamp = FileStamp(status)
    let isInUse = books.open[index].map { $0.users > 0 } ?? false
    let hasRoom = record.isReserved && preallocation != .none
    let end = hasRoom ? layout.places[index].length : record.writtenEnd
    // While another thread writes, the bytes that it has announced may be missing.
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

  /// Checks that the folder's path still leads to the open folder, and closes folders that may have
  /// been moved.
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
}
