import Synchronization

/// The holes and data extents that one check has found in files, shared by its threads.
///
/// A file system in memory may have to examine every page of an extent to find its end. It is
/// therefore asked once for each extent, and not once for each thread and range of pieces. A map
/// serves a single check, because it does not follow changes of the files.
package final class HoleMap: Sendable {
  /// A part of a file that is all hole or all data, starting where the search began.
  struct Extent: Sendable {
    let file: Int
    let range: Range<Int64>
    let isHole: Bool
  }

  /// The maximum number of extents kept; the oldest is evicted, and may be searched for again.
  private static let limit = 64

  private let extents = Mutex<[Extent]>([])

  /// Creates an empty map.
  package init() {}

  /// Returns the extent that contains an offset of a file.
  ///
  /// `find` asks the file system. Only one thread at a time calls it, so no two search for the same
  /// end.
  func extent(
    file: Int, offset: Int64, find: () throws(StorageError) -> Extent
  ) throws(StorageError) -> Extent {
    try extents.withLock { extents throws(StorageError) in
      if let known = extents.last(where: { $0.file == file && $0.range.contains(offset) }) {
        return known
      }
      let found = try find()
      // Extents with the same end are parts of this one.
      extents.removeAll { $0.file == file && $0.range.upperBound == found.range.upperBound }
      if extents.count == Self.limit { extents.removeFirst() }
      extents.append(found)
      return found
    }
  }
}
