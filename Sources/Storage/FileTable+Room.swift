import Primitives
import Synchronization

extension FileTable {
  /// The number of pauses for which a call waits for the descriptors of other torrents.
  private static let pauseLimit = 5

  /// Repeats `body` as long as it lacks descriptors and some can be freed.
  ///
  /// If no file is idle, it waits a moment for other torrents, which are then at work with theirs. It
  /// must not hold the lock meanwhile, because they may be waiting for this torrent.
  func makingRoom<Value>(
    _ body: () throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    var pauses = 0
    while true {
      do throws(StorageError) {
        return try body()
      } catch {
        if case .tooManyOpenFiles = error {
          if books.withLock({ makeRoom(&$0) }) { continue }
          if pauses < Self.pauseLimit, !openFiles.others(than: self).isEmpty {
            pauses += 1
            fileSystem.pause()
            continue
          }
        }
        books.withLock { $0.closeUnusedFolders() }
        throw error
      }
    }
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
