import Synchronization

/// The holes and the stretches of data that one check has found in files, for all its threads.
///
/// A file system may have to look at every page of a stretch to tell where it ends, as one in memory
/// does, so it is asked once for each stretch, and not once for each thread and range of pieces.
/// Make a new one for each check: what was found does not follow the files.
package final class HoleMap: Sendable {
  /// A stretch of a file that is all hole, or all data, from wherever somebody began to look.
  struct Extent: Sendable {
    let file: Int
    let range: Range<Int64>
    let isHole: Bool
  }

  /// How many are remembered; with more, those found first are forgotten and may be asked for again.
  private static let limit = 64

  private let extents = Mutex<[Extent]>([])

  /// Creates a map that knows nothing yet.
  package init() {}

  /// The stretch in which a place of a file lies; `find` asks the file system, for one thread at a
  /// time, so that two don't look for the same end.
  func extent(
    file: Int, offset: Int64, find: () throws(StorageError) -> Extent
  ) throws(StorageError) -> Extent {
    try extents.withLock { extents throws(StorageError) in
      if let known = extents.last(where: { $0.file == file && $0.range.contains(offset) }) {
        return known
      }
      let found = try find()
      // What ends at the same place is a part of it.
      extents.removeAll { $0.file == file && $0.range.upperBound == found.range.upperBound }
      if extents.count == Self.limit { extents.removeFirst() }
      extents.append(found)
      return found
    }
  }
}
