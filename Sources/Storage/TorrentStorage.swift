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
/// A file that is not proved to be ours is only read: if a byte of it would have to change, the
/// operation throws `StorageError.outputExists` and changes nothing. A file is ours when this run
/// makes it, or when `OwnershipProof` says so. Nothing outside the output folder is ever written,
/// because every component of a path is opened by itself and never through a link.
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
  /// The stamp of an earlier run's part file of which this run has no need.
  private let leftoverPart = Mutex<FileStamp?>(nil)

  /// Creates the storage of a torrent below `folder`; touches nothing yet, but looks at the file
  /// system if the torrent has names that not every one can hold.
  package init(
    torrent: TorrentMetainfo, folder: String, options: StorageOptions = StorageOptions(),
    fileSystem: any FileSystem = PosixFileSystem()
  ) {
    var folder = folder.isEmpty ? "." : folder
    while folder.utf8.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.torrent = torrent
    overwrite = options.overwrite
    preallocation = options.preallocation
    let probe = NameProbe(
      fileSystem: fileSystem, folder: folder, mayWrite: !options.readsNeighbours)
    let names = OutputNames(torrent: torrent, isFlat: options.isFlat) {
      probe.rules(for: torrent, isFlat: options.isFlat)
    }
    let stateName = StateFile.name(for: torrent, names: names)
    layout = OutputLayout(
      torrent: torrent, selection: options.selection, names: names,
      partName: options.readsNeighbours ? nil : stateName + PartFile.suffix)
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

  /// The meaning of the state file that was there when it was last looked at.
  var finding: StateFile.Finding { state.withLock { $0.finding } }

  /// The files whose name on disk is not the torrent's.
  package var nameChanges: [NameChange] { layout.names.changes(in: torrent.layout.files) }

  /// The name of the torrent's file, or of the folder of its files, as the torrent has it.
  package var torrentName: FileName { torrent.info.nameBytes }

  /// The name on disk of the torrent's file, or of the folder of its files.
  package var topName: FileName { layout.names.top }

  /// The pieces that hold bytes of wanted files.
  package var wanted: Bitfield { layout.wanted }

  /// Whether every wanted file is there with its exact length; to be asked after `inspect`.
  package var isInPlace: Bool { isInPlace(files.records) }

  /// Looks at what is on disk, and takes the lock if our state file is there.
  ///
  /// Unless `trustsState`, every wanted piece is doubtful whatever the state file says.
  package func inspect(trustsState: Bool = true) throws(StorageError) -> Inspection {
    let finding = try state.withLock { state throws(StorageError) in
      if let root = try files.openRoot(create: false) { try state.load(root: root) }
      return state.finding
    }
    try files.scan()
    let boot = files.fileSystem.bootIdentity
    let proof = OwnershipProof(finding, boot: boot)
    files.claim { index, stamp in
      proof.claim(on: index, stamp)
    } left: { index in
      finding.record?.stamps[index]
    }
    try claimPart(finding)
    let found = files.records
    var (record, savedAt): (StateRecord?, Int64) = (nil, 0)
    if trustsState, case .record(let known, _, let time) = finding {
      (record, savedAt) = (known, time)
    }
    let trust = StateTrust(record, savedAt: savedAt, boot: boot, layout: layout, found: found)
    let holed = try piecesWithHoles(among: trust.trusted)
    var (trusted, doubtful) = (trust.trusted, trust.doubtful)
    holed.forEach {
      trusted.remove($0)
      if wanted.contains($0) { doubtful.insert($0) }
    }
    return Inspection(
      files: torrent.layout.files.indices.map { index in
        guard found[index].exists else { return .missing }
        return found[index].isOurs
          ? .ours(size: found[index].size) : .foreign(size: found[index].size)
      }, trusted: trusted, doubtful: doubtful)
  }

  /// Makes everything ready for writing the pieces that are not verified.
  ///
  /// Call it after `inspect`. If all is verified and in place it touches nothing. Else it throws,
  /// changing nothing, when a file that is not ours would have to change; takes the lock; writes the
  /// state file; makes empty files and cuts files of ours that are too long. Other files and their
  /// folders are made when they are first written, unless all room is to be reserved.
  package func prepare(verified: Bitfield) throws(StorageError) {
    try decideByContent(verified: verified)
    let records = files.records
    guard verified.lacksAny(of: wanted) || !isInPlace(records) else { return }
    let ours = try filesToWrite(records, verified: verified, overwrite: overwrite)
    try state.withLock { state throws(StorageError) in
      if state.finding == .foreign, !overwrite { throw .foreignState(path: state.path) }
      if let part = layout.partPlace, !layout.strays.isEmpty, !ours[part] {
        throw .foreignState(path: files.path(part))
      }
      guard try files.openRoot(create: true) != nil else {
        throw .folderMissing(path: files.folder)
      }
      try save(record(verified: verified, ours: ours, isClean: false), in: &state)
    }
    try files.allowWriting(ours: ours)
    try beginPart(records)
    for (index, place) in layout.places.enumerated() where place.isWanted && ours[index] {
      let record = records[index]
      let isTooLong = record.size > place.length
      guard
        isTooLong || (!record.exists && place.length == 0)
          || (preallocation == .full && record.size < place.length)
      else { continue }
      try files.withFile(index, for: .writing(0..<(isTooLong ? place.length : 0))) {
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
  /// nil for the wanted ones. Throws when somebody has removed, replaced, cut or linked a file that
  /// this run wrote.
  package func finish(verified: Bitfield? = nil) throws(StorageError) {
    try files.close(keepingRoot: true, seekingHoles: true)
    try files.synchronizeWanted()
    guard state.withLock({ $0.isLocked }) else { return }
    try makingRoom { () throws(StorageError) in try files.confirmWritten() }
    try confirmContent(verified: verified ?? wanted)
    try removePart()
    let records = files.records
    let isDone = torrent.layout.files.indices.allSatisfy {
      layout.places[$0].isWanted || !records[$0].exists
        || !records[$0].isOurs && records[$0].unproved == nil
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
    var stamps = records.map { $0.unproved ?? $0.stamp }
    if layout.partPlace == nil { stamps.append(leftoverPart.withLock { $0 }) }
    let unfinished = unfinishedFiles(ours: ours, records: records, verified: verified)
    return StateRecord(
      infoHash: torrent.infoHash, verified: verified, unfinished: unfinished,
      whole: unfinished.indices.map { ours[$0] && layout.places[$0].isWanted && !unfinished[$0] },
      isClean: isClean, boot: files.fileSystem.bootIdentity, selection: layout.selection,
      stamps: stamps)
  }

  // MARK: - The part file

  /// Decides whether a part file that is there is ours: a record must exist, and the part file's
  /// header must say that it belongs to this torrent.
  private func claimPart(_ finding: StateFile.Finding) throws(StorageError) {
    let isKnown = finding == .cut || finding.record != nil
    leftoverPart.withLock { $0 = nil }
    guard isKnown, let root = try files.openRoot(create: false) else { return }
    let stamp = try files.stampOfPart(named: partName, in: root)
    if let part = layout.partPlace {
      files.decide(part, isOurs: files.records[part].isOurs || stamp != nil)
    } else {
      leftoverPart.withLock { $0 = stamp }
    }
  }

  /// Turns a part file of somebody else's that may be overwritten into ours.
  private func beginPart(_ records: [FileTable.Record]) throws(StorageError) {
    guard overwrite, let part = layout.partPlace, !layout.strays.isEmpty, records[part].exists,
      !records[part].isOurs
    else { return }
    try files.withFile(part, for: .writing(0..<Int64(PartFile.headerLength))) {
      descriptor throws(SystemCallError) in
      try files.fileSystem.resize(descriptor, to: 0)
      try files.fileSystem.writeBytes(layout.partHeader, to: descriptor)
    }
  }

  /// Removes our part file; what it holds can still be read until everything is closed.
  private func removePart() throws(StorageError) {
    guard let root = try files.openRoot(create: false) else { return }
    let records = files.records
    if let part = layout.partPlace {
      guard records[part].exists, records[part].isOurs else { return }
      try files.pin(part)
    } else {
      // Only the file that was looked at is ours: somebody may have put another in its place.
      guard let leftover = leftoverPart.withLock({ $0 }),
        let now = try files.stampOfPart(named: partName, in: root), now.mayBeSameFile(as: leftover)
      else { return }
    }
    do {
      try files.fileSystem.remove(partName, in: root)
    } catch {
      guard error.meansMissing else {
        throw StorageError(error, path: "\(files.folder)/\(partName)")
      }
    }
    leftoverPart.withLock { $0 = nil }
    if let part = layout.partPlace { files.forget(part) }
  }

  private var partName: FileName { state.withLock { $0.name } + PartFile.suffix }
}
