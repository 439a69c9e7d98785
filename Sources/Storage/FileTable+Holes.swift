import Synchronization

/// The search for holes in files.
///
/// If another program truncates a file during the download, a later piece written after the end
/// leaves a hole. The length is right again, but verified bytes are lost. The file system knows the
/// holes without reading a byte. A hole proves nothing, since some file systems turn zeros into
/// holes, so its pieces are hashed.
extension FileTable {
  /// Records which open files with more than one write have no hole.
  ///
  /// A file that a single write has filled cannot have been truncated and extended again.
  func seekHoles(_ books: inout Books) throws(StorageError) {
    for (index, record) in books.records.enumerated() where record.writes > 1 {
      guard layout.places[index].isWanted, let file = books.open[index] else { continue }
      do {
        let hole = try fileSystem.nextHole(file.descriptor, from: 0)
        books.records[index].isSolid = hole >= layout.places[index].length
      } catch {
        throw StorageError(error, path: path(index))
      }
    }
  }

  /// Returns the written files that have a hole, or were closed before the search.
  func filesToSearch() -> [Int] {
    books.withLock { books in
      books.records.indices.filter { index in
        layout.places[index].isWanted && books.records[index].writes > 1
          && !books.records[index].isSolid
      }
    }
  }

  /// Calls `body` with the first byte of each hole of a file; it returns the offset to continue at.
  func forEachHole(
    inFile index: Int, _ body: (Int64) -> Int64
  ) throws(StorageError) {
    let length = layout.places[index].length
    try withFile(index, for: .reading) { descriptor throws(SystemCallError) in
      var position: Int64 = 0
      while position < length {
        let hole = try fileSystem.nextHole(descriptor, from: position)
        guard hole < length else { return }
        position = max(body(hole), hole + 1)
      }
    }
  }
}
