package import Metainfo
package import Primitives
import Synchronization

/// One torrent's files on disk: what is there, what may be written, and the pieces in them.
///
/// The life of a download: `inspect`, `check` if there may be data, `prepare`, then `write` and
/// `read` from any thread with `saveProgress` now and then, at last `finish`, or `suspend` when
/// something is missing, and `close`. Nothing is changed before `prepare`, and nothing at all when
/// every wanted piece is verified there.
///
/// A file that is there without our state is only read: if a byte of it would have to change, the
/// operation throws `StorageError.outputExists` and changes nothing. A file counts as ours when this
/// run makes it or the state file lists it as unfinished. Nothing outside the output folder is ever
/// written, because every component of a path is opened by itself and never through a link.
///
/// Calls block; they belong on a worker thread. Reading and writing run in parallel; a write and a
/// read of the same bytes must not.
package final class TorrentStorage: Sendable {
  let torrent: TorrentMetainfo
  let layout: OutputLayout
  let files: FileTable
  private let overwrite: Bool
  private let preallocation: Preallocation
  private let state: Mutex<StateFile>

  /// Creates the storage of a torrent below `folder`; touches nothing yet.
  package init(
    torrent: TorrentMetainfo, folder: String, options: StorageOptions = StorageOptions(),
    fileSystem: any FileSystem = PosixFileSystem()
  ) {
    var folder = folder.isEmpty ? "." : folder
    while folder.utf8.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.torrent = torrent
    overwrite = options.overwrite
    preallocation = options.preallocation
    let stateName = StateFile.name(for: torrent, isFlat: options.isFlat)
    layout = OutputLayout(
      torrent: torrent, selection: options.selection, isFlat: options.isFlat,
      partName: options.readsNeighbours ? nil : stateName + StateFile.partSuffix)
    files = FileTable(
      layout: layout, folder: folder, fileSystem: fileSystem, synchronizes: options.fsync,
      preallocation: options.preallocation)
    state = Mutex(
      StateFile(
        torrent: torrent, name: stateName, folder: folder, fileSystem: fileSystem,
        synchronizes: options.fsync))
  }

  /// The state file's path, for messages.
  package var statePath: String { state.withLock { $0.path } }

  /// The pieces that hold bytes of wanted files.
  package var wanted: Bitfield { layout.wanted }

  /// Looks at what is on disk, and takes the lock if our state file is there.
  ///
  /// Unless `trustsState`, every wanted piece is doubtful whatever the state file says.
  package func inspect(trustsState: Bool = true) throws(StorageError) -> Inspection {
    let (record, savedAt) = try state.withLock { state throws(StorageError) in
      if let root = try files.openRoot(create: false) { try state.load(root: root) }
      return (state.record, state.savedAt)
    }
    try files.scan { $0 == layout.partPlace || record?.unfinished[$0] ?? false }
    let found = files.records
    let trust = StateTrust(
      trustsState ? record : nil, savedAt: savedAt, boot: files.fileSystem.bootIdentity,
      layout: layout, found: found)
    return Inspection(
      files: torrent.layout.files.indices.map { index in
        guard found[index].exists else { return .missing }
        return found[index].isOurs
          ? .unfinished(size: found[index].size) : .foreign(size: found[index].size)
      }, trusted: trust.trusted, doubtful: trust.doubtful)
  }

  /// Makes everything ready for writing the pieces that are not verified.
  ///
  /// Call it after `inspect`. If all is verified and in place it touches nothing. Else it throws,
  /// changing nothing, when a file that is not ours would have to change; takes the lock; writes the
  /// state file; makes empty files and cuts files of ours that are too long. Other files and their
  /// folders are made when they are first written, unless all room is to be reserved.
  package func prepare(verified: Bitfield) throws(StorageError) {
    let records = files.records
    guard verified.lacksAny(of: wanted) || !isInPlace(records) else { return }
    let ours = try filesToWrite(records, verified: verified, overwrite: overwrite)
    try state.withLock { state throws(StorageError) in
      if state.isForeign, !overwrite { throw .foreignState(path: state.path) }
      if let part = layout.partPlace, records[part].exists, !state.isLocked, !overwrite {
        throw .foreignState(path: files.path(part))
      }
      guard try files.openRoot(create: true) != nil else {
        throw .folderMissing(path: files.folder)
      }
      try save(record(verified: verified, ours: ours, isClean: false), in: &state)
    }
    try files.allowWriting(ours: ours)
    for (index, place) in layout.places.enumerated() where place.isWanted && ours[index] {
      let record = records[index]
      let isTooLong = record.size > place.length
      guard
        isTooLong || (!record.exists && place.length == 0)
          || (preallocation == .full && record.size < place.length)
      else { continue }
      try files.withFile(index, for: .writing(length: isTooLong ? Int(place.length) : 0)) {
        descriptor throws(SystemCallError) in
        if isTooLong { try files.fileSystem.resize(descriptor, to: place.length) }
      }
    }
  }

  /// Records which pieces are verified and which files are whole by now.
  ///
  /// Does nothing unless `prepare` had something to do. It throws when a file that was written is
  /// gone or was replaced.
  package func saveProgress(verified: Bitfield) throws(StorageError) {
    try save(verified: verified, isClean: false)
  }

  /// Ends a run that leaves something missing: files are closed, and the state tells the next run
  /// that nothing was written after it.
  package func suspend(verified: Bitfield) throws(StorageError) {
    try files.close(keepingRoot: true)
    try save(verified: verified, isClean: true)
  }

  /// Ends a download whose wanted pieces are all verified: files are closed, with errors of writing
  /// that come late reported, then the part file, the state file and the lock go.
  ///
  /// The files can be read afterwards. If an earlier run has left a file unfinished that is not
  /// wanted now, the state file stays and tells so; `verified` are then the pieces that it lists,
  /// nil for the wanted ones.
  package func finish(verified: Bitfield? = nil) throws(StorageError) {
    try files.close(keepingRoot: true)
    try files.synchronizeWanted()
    guard state.withLock({ $0.isLocked }) else { return }
    try makingRoom { () throws(StorageError) in try files.confirmWritten() }
    try removePart()
    let records = files.records
    let isDone = torrent.layout.files.indices.allSatisfy {
      layout.places[$0].isWanted || !records[$0].isOurs || !records[$0].exists
    }
    guard isDone else {
      var listed = verified ?? wanted
      // Their bytes went with the part file.
      for piece in layout.strayPieces { listed.remove(piece) }
      return try save(verified: listed, isClean: true)
    }
    try state.withLock { state throws(StorageError) in
      guard let root = try files.openRoot(create: false) else { return }
      try state.remove(root: root)
    }
    try files.synchronizeRoot()
  }

  /// Closes everything; the state file stays as it was last saved.
  ///
  /// Errors of earlier writes that show only here are thrown.
  package func close() throws(StorageError) {
    state.withLock { $0.unlock() }
    try files.close(keepingRoot: false)
  }

  // MARK: - The state

  private func save(verified: Bitfield, isClean: Bool) throws(StorageError) {
    guard state.withLock({ $0.isLocked }) else { return }
    try makingRoom { () throws(StorageError) in try files.stampWritten() }
    let ours = files.records.map(\.isOurs)
    try state.withLock { state throws(StorageError) in
      guard state.isLocked else { return }
      try save(record(verified: verified, ours: ours, isClean: isClean), in: &state)
    }
  }

  private func save(_ record: StateRecord, in state: inout StateFile) throws(StorageError) {
    guard let root = try files.openRoot(create: false) else { return }
    while true {
      do throws(StorageError) {
        return try state.replace(with: record, root: root, overwrite: overwrite)
      } catch {
        guard case .tooManyOpenFiles = error, try files.makeRoom() else { throw error }
      }
    }
  }

  /// Does something again as long as files can be closed to make room for those that it opens.
  private func makingRoom(
    _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    while true {
      do throws(StorageError) {
        return try body()
      } catch {
        guard case .tooManyOpenFiles = error, try files.makeRoom() else { throw error }
      }
    }
  }

  private func record(verified: Bitfield, ours: [Bool], isClean: Bool) -> StateRecord {
    let records = files.records
    var stamps = records.map(\.stamp)
    if layout.partPlace == nil { stamps.append(nil) }
    return StateRecord(
      infoHash: torrent.infoHash, verified: verified,
      unfinished: unfinishedFiles(ours: ours, records: records, verified: verified),
      evidence: StateRecord.Evidence(
        isClean: isClean, boot: files.fileSystem.bootIdentity, selection: layout.selection,
        stamps: stamps))
  }

  /// Removes the part file; what it holds can still be read until everything is closed.
  private func removePart() throws(StorageError) {
    guard let root = try files.openRoot(create: false) else { return }
    let part = layout.partPlace
    if let part, files.records[part].exists { try files.pin(part) }
    let name = state.withLock { $0.name } + StateFile.partSuffix
    do {
      try files.fileSystem.remove(name, in: root)
    } catch {
      // None was needed.
      guard error.meansMissing else { throw StorageError(error, path: "\(files.folder)/\(name)") }
    }
    if let part { files.forget(part) }
  }
}
