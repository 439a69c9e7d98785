import Networking
import Primitives
import Storage

/// A hash check of the data on disk, using all cores.
///
/// Each worker takes one stretch of pieces at a time. That way no worker idles for long at the end,
/// a stop takes effect soon, and the order of the results does not matter.
@Reactor
struct DataCheck {
  let storage: TorrentStorage
  let geometry: PieceGeometry
  let workers: any WorkerPool
  let workerCount: Int

  /// The minimum number of bytes that a worker checks before it reports.
  private static let stretch = 32 << 20
  /// The minimum number of pieces per stretch, enough to fill the lanes of a hash pass.
  private static let lanes = 16

  /// Checks a set of pieces and returns the good ones, or those found so far once `isStopped`.
  ///
  /// `progress` receives the number of bytes checked and the total.
  func run(
    _ pieces: Bitfield, isStopped: () -> Bool, progress: (Int64, Int64) -> Void
  ) async throws(StorageError) -> Bitfield {
    let holes = HoleMap()
    var course = Course(pieces: pieces, geometry: geometry)
    let step = max(Self.lanes, Self.stretch / geometry.pieceLength)
    progress(0, course.total)
    await withTaskGroup(of: Stretch.self) { group in
      for _ in 0..<max(1, workerCount) {
        guard let range = course.nextStretch(step) else { break }
        group.addTask { await self.check(range, of: pieces, holes) }
      }
      while let stretch = await group.next() {
        course.add(stretch)
        progress(course.done, course.total)
        if course.failure == nil, !isStopped(), let range = course.nextStretch(step) {
          group.addTask { await self.check(range, of: pieces, holes) }
        }
      }
    }
    if let failure = course.failure { throw failure }
    return course.verified
  }

  private func check(
    _ range: Range<Int>, of pieces: Bitfield, _ holes: HoleMap
  ) async -> Stretch {
    let storage = storage
    return await workers.run {
      do throws(StorageError) {
        return Stretch(
          pieces: range,
          verified: .success(try storage.checkPieces(range, of: pieces, holes: holes)))
      } catch {
        return Stretch(pieces: range, verified: .failure(error))
      }
    }
  }
}

/// The result of checking one stretch of pieces.
private struct Stretch: Sendable {
  let pieces: Range<Int>
  let verified: Result<[PieceIndex], StorageError>
}

/// The progress of a check.
private struct Course {
  let geometry: PieceGeometry
  let total: Int64
  private let pieces: Bitfield
  private(set) var verified: Bitfield
  private(set) var done: Int64 = 0
  private(set) var failure: StorageError?
  private var next = 0

  init(pieces: Bitfield, geometry: PieceGeometry) {
    self.pieces = pieces
    self.geometry = geometry
    total = geometry.bytes(of: pieces)
    verified = Bitfield(count: geometry.pieceCount)
  }

  /// Returns a range that covers the next `count` pieces of the set, or nil at the end.
  mutating func nextStretch(_ count: Int) -> Range<Int>? {
    while next < geometry.pieceCount, !pieces.contains(PieceIndex(next)) { next += 1 }
    guard next < geometry.pieceCount else { return nil }
    let start = next
    var taken = 0
    while next < geometry.pieceCount, taken < count {
      if pieces.contains(PieceIndex(next)) { taken += 1 }
      next += 1
    }
    return start..<next
  }

  mutating func add(_ stretch: Stretch) {
    for number in stretch.pieces where pieces.contains(PieceIndex(number)) {
      done += Int64(geometry.length(of: PieceIndex(number)))
    }
    switch stretch.verified {
    case .success(let pieces): for piece in pieces { verified.insert(piece) }
    case .failure(let error): failure = failure ?? error
    }
  }
}

extension PieceGeometry {
  /// Returns the total length of the pieces in a set, in bytes.
  func bytes(of pieces: Bitfield) -> Int64 {
    guard !pieces.isEmpty else { return 0 }
    let last = PieceIndex(pieceCount - 1)
    let whole = Int64(pieces.population) * Int64(pieceLength)
    return pieces.contains(last) ? whole - Int64(pieceLength - length(of: last)) : whole
  }
}
