import Primitives
import Synchronization

extension FileTable {
  /// Closes idle files to free descriptors; returns false if there are none.
  func makeRoom() -> Bool {
    books.withLock { makeRoom(&$0) }
  }

  /// Closes idle files to free descriptors, those of torrents with more open files first; returns
  /// false if there are none.
  func makeRoom(_ books: inout Books) -> Bool {
    let others = openFiles.others(than: self)
    let count = books.open.count
    if others.contains(where: { $0.count > count && $0.table.giveWay() }) { return true }
    if closeIdle(&books) { return true }
    return others.contains { $0.count <= count && $0.table.giveWay() }
  }

  /// Closes idle files for another torrent, unless this one is at work with its table.
  private func giveWay() -> Bool {
    books.withLockIfAvailable { books in
      let hasClosed = closeIdle(&books)
      books.closeUnusedFolders()
      return hasClosed
    } ?? false
  }

  /// Closes folders and the least recently used files, a quarter of the open ones and at least one.
  ///
  /// It returns false if nothing could be closed. A failure is kept, because it concerns neither the
  /// other torrent nor a reader, for whom there is room now.
  private func closeIdle(_ books: inout Books) -> Bool {
    // Uses are numbered, so the order does not depend on that of the dictionary.
    let idle = books.open.filter { $0.value.users == 0 }
      .sorted { $0.value.lastUse < $1.value.lastUse }
    for (index, file) in idle.prefix(max(1, books.open.count / 4)) {
      books.open[index] = nil
      do { try close(index, file, &books) } catch { books.keep(error) }
    }
    do throws(StorageError) {
      return try books.walk.makeRoom() || !idle.isEmpty
    } catch {
      books.keep(error)
      return true
    }
  }
}
