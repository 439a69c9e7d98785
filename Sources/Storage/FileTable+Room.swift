import Primitives
import Synchronization

extension FileTable {
  /// Closes idle files to free descriptors; returns false if there are none.
  func makeRoom() throws(StorageError) -> Bool {
    try books.withLock { books throws(StorageError) in try makeRoom(&books) }
  }

  /// Closes idle files to free descriptors, those of torrents with more open files first; returns
  /// false if there are none.
  func makeRoom(_ books: inout Books) throws(StorageError) -> Bool {
    let others = openFiles.others(than: self)
    let count = books.open.count
    if others.contains(where: { $0.count > count && $0.table.giveWay() }) { return true }
    if try closeIdle(&books) { return true }
    return others.contains { $0.count <= count && $0.table.giveWay() }
  }

  /// Closes idle files for another torrent, unless this one is at work with its table.
  ///
  /// A failure concerns this torrent only, so its next use of a file reports it.
  private func giveWay() -> Bool {
    books.withLockIfAvailable { books in
      do throws(StorageError) {
        return try closeIdle(&books)
      } catch {
        books.failure = books.failure ?? error
        return true
      }
    } ?? false
  }

  /// Closes folders and the least recently used files, a quarter of the open ones and at least one.
  ///
  /// It returns false if nothing could be closed.
  private func closeIdle(_ books: inout Books) throws(StorageError) -> Bool {
    // Uses are numbered, so the order does not depend on that of the dictionary.
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
}
