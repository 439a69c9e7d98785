import Glibc
import Metainfo
import Synchronization

/// Looking at files by their names.
extension FileTable {
  /// Looks at every place on disk; `isOurs` says which we may change.
  ///
  /// What stands in the way of a file is an error only if the file is wanted.
  func scan(isOurs: (Int) -> Bool) throws(StorageError) {
    let root = try openRoot(create: false)
    var records = Array(repeating: Record(), count: layout.places.count)
    var walk = FolderWalk(fileSystem: fileSystem, rootPath: folder, isSurvey: true)
    for (index, place) in layout.places.enumerated() where place.isStored {
      if let root {
        do throws(StorageError) {
          records[index].stamp = try look(at: index, &walk, root: root)
        } catch {
          if place.isWanted { throw error }
        }
      }
      records[index].exists = records[index].stamp != nil
      records[index].isOurs = isOurs(index)
    }
    try walk.close()
    let surveyed = records
    books.withLock { $0.records = surveyed }
  }

  /// Looks again at every file that was written since it was last looked at.
  ///
  /// A file that is gone, or has become something else, is an error: what was written to it is lost.
  func stampWritten() throws(StorageError) {
    try books.withLock { books throws(StorageError) in
      guard let root = books.root else { return }
      try confirm(root, &books)
      books.unstamped.sort(by: >)
      while let index = books.unstamped.last {
        let known = books.records[index].stamp
        guard let stamp = try look(at: index, &books.walk, root: root),
          known == nil || known?.inode == stamp.inode
        else { throw .changedUnderneath(path: path(index)) }
        books.records[index].stamp = stamp
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
        let known = books.records[index].stamp
        guard let stamp = try look(at: index, &books.walk, root: root),
          stamp.size == place.length, known == nil || known?.inode == stamp.inode
        else { throw .changedUnderneath(path: path(index)) }
      }
      try books.walk.close()
    }
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

  /// What a file is known by; nil when there is none.
  private func look(
    at index: Int, _ walk: inout FolderWalk, root: Descriptor
  ) throws(StorageError) -> FileStamp? {
    let place = layout.places[index]
    guard let parent = try walk.folder(of: place.path, root: root, create: false) else {
      return nil
    }
    let status: FileStatus
    do {
      status = try fileSystem.status(place.name, in: parent)
    } catch {
      if error.code == ENOENT { return nil }
      throw StorageError(error, path: path(index))
    }
    switch status.kind {
    case .file: return FileStamp(status)
    case .symlink: throw .symlink(path: path(index))
    case .folder, .other: throw .notAFile(path: path(index))
    }
  }
}
