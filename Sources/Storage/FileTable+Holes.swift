import Synchronization

/// Searching files for holes.
///
/// Somebody who cuts a file while it is written leaves a hole as soon as a later piece is written
/// behind the cut: its length is right again, but bytes that were verified are gone. The file system
/// knows the holes without reading a byte. A hole is no proof, since some file systems make holes of
/// zeros; its pieces are then hashed.
extension FileTable {
  /// Notes which of the open files that were written more than once have no hole.
  ///
  /// A file that one write has filled cannot have been cut and extended again.
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

  /// The written files with a hole, or that were closed before it was looked for.
  func filesToSearch() -> [Int] {
    books.withLock { books in
      books.records.indices.filter { index in
        layout.places[index].isWanted && books.records[index].writes > 1
          && !books.records[index].isSolid
      }
    }
  }

  /// Calls `body` with the first byte of a hole of a file; it returns where to go on.
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
