import Metainfo
import Networking
import Primitives
import Storage

/// The output folder, ready for a run.
struct PreparedOutput {
  let storage: TorrentStorage
  let workers: any WorkerPool
  /// The pieces that were there already.
  let verified: Bitfield

  /// Lets go of the files without having changed any.
  @Reactor
  func close() async {
    let storage = storage
    // Nothing was written, so nothing that a late error could speak of is lost.
    await workers.run { try? storage.close() }
  }
}

/// The first phase of a run: looks at what is in the output folder, checks it, and claims it.
@Reactor
struct OutputPreparation {
  let torrent: TorrentMetainfo
  let options: DownloadOptions
  let environment: Environment
  let events: EventSink
  let interruption: Interruption

  /// How many bytes a worker checks before it reports.
  private static let stretch: Int64 = 32 << 20

  func prepare() async throws(DownloadError) -> PreparedOutput {
    let storage = TorrentStorage(
      torrent: torrent, folder: options.folder, overwrite: options.overwrite,
      fileSystem: environment.files)
    do throws(DownloadError) {
      return try await prepare(storage)
    } catch {
      // The first error says why; an error of closing would only follow from it.
      await environment.workers.run { try? storage.close() }
      throw error
    }
  }

  private func prepare(
    _ storage: TorrentStorage
  ) async throws(DownloadError) -> PreparedOutput {
    let inspection = try await onWorker { () throws(StorageError) in try storage.inspect() }
    var verified = Bitfield(count: torrent.geometry.pieceCount)
    if inspection.mayHaveData {
      verified = try await check(storage)
      events.send(.checked(verifiedBytes: torrent.geometry.bytes(of: verified)))
    }
    if interruption.isStopped { throw .cancelled }
    if options.keepSeeding, !verified.isFull {
      throw .incomplete(missingPieces: verified.count - verified.population)
    }
    let found = verified
    try await onWorker { () throws(StorageError) in try storage.prepare(verified: found) }
    return PreparedOutput(storage: storage, workers: environment.workers, verified: verified)
  }

  // MARK: - The check

  /// Hashes what is there, one stretch of pieces per worker at a time.
  private func check(_ storage: TorrentStorage) async throws(DownloadError) -> Bitfield {
    let geometry = torrent.geometry
    let step = max(16, Int(Self.stretch / Int64(geometry.pieceLength)))
    var progress = CheckProgress(geometry: geometry)
    events.send(.checking(done: 0, total: geometry.totalLength))
    await withTaskGroup(of: CheckedStretch.self) { group in
      for _ in 0..<max(1, environment.workerCount) {
        guard let range = progress.nextStretch(step) else { break }
        group.addTask { await self.check(range, of: storage) }
      }
      while let stretch = await group.next() {
        progress.add(stretch)
        events.send(.checking(done: progress.done, total: geometry.totalLength))
        if progress.failure == nil, !interruption.isStopped,
          let range = progress.nextStretch(step)
        {
          group.addTask { await self.check(range, of: storage) }
        }
      }
    }
    if let failure = progress.failure { throw .storage(failure) }
    return progress.verified
  }

  private func check(_ range: Range<Int>, of storage: TorrentStorage) async -> CheckedStretch {
    await environment.workers.run {
      do throws(StorageError) {
        return CheckedStretch(pieces: range, verified: .success(try storage.checkPieces(range)))
      } catch {
        return CheckedStretch(pieces: range, verified: .failure(error))
      }
    }
  }

  private func onWorker<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StorageError) -> Value
  ) async throws(DownloadError) -> Value {
    let result = await environment.workers.run { () -> Result<Value, StorageError> in
      do throws(StorageError) {
        return .success(try body())
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error): throw .storage(error)
    }
  }
}

/// What one worker found in one stretch of pieces.
private struct CheckedStretch: Sendable {
  let pieces: Range<Int>
  let verified: Result<[PieceIndex], StorageError>
}

/// How far a check has come.
private struct CheckProgress {
  let geometry: PieceGeometry
  private(set) var verified: Bitfield
  private(set) var done: Int64 = 0
  private(set) var failure: StorageError?
  private var next = 0

  init(geometry: PieceGeometry) {
    self.geometry = geometry
    verified = Bitfield(count: geometry.pieceCount)
  }

  mutating func nextStretch(_ count: Int) -> Range<Int>? {
    guard next < geometry.pieceCount else { return nil }
    defer { next = min(next + count, geometry.pieceCount) }
    return next..<min(next + count, geometry.pieceCount)
  }

  mutating func add(_ stretch: CheckedStretch) {
    for number in stretch.pieces { done += Int64(geometry.length(of: PieceIndex(number))) }
    switch stretch.verified {
    case .success(let pieces): for piece in pieces { verified.insert(piece) }
    case .failure(let error): failure = failure ?? error
    }
  }
}

extension PieceGeometry {
  /// The bytes of the pieces in a set.
  func bytes(of pieces: Bitfield) -> Int64 {
    guard !pieces.isEmpty else { return 0 }
    let last = PieceIndex(pieceCount - 1)
    let whole = Int64(pieces.population) * Int64(pieceLength)
    return pieces.contains(last) ? whole - Int64(pieceLength - length(of: last)) : whole
  }
}
