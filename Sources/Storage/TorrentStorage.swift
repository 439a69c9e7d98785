package import Metainfo
package import Primitives
import Synchronization

/// The files of one torrent on disk, and the pieces in them.
///
/// A download calls `inspect`, then `check` if there may be data, then `prepare`. It then calls
/// `write` and `read` from any thread and `saveProgress` from time to time. At the end it calls
/// `finish`, or `suspend` if something is missing, and `close`. Nothing is changed before
/// `prepare`, and nothing at all if every selected piece is verified and in place by then.
///
/// A file that is not proved ours is only read. If a byte of it would have to change, the operation
/// throws `StorageError.outputExists` and changes nothing. A file is ours if this run creates it or
/// if `OwnershipProof` says so. Nothing outside the output folder is ever written, because every
/// component of a path is opened separately and never through a link.
///
/// Calls block, so they belong on a worker thread. Reads and writes may run in parallel, but not a
/// read and a write of the same bytes.
package final class TorrentStorage: PieceStorage {
  let torrent: TorrentMetainfo
  let layout: OutputLayout
  let files: FileTable
  private let overwrite: Bool
  private let preallocation: Preallocation
  private let state: Mutex<StateFile>
  /// The stamp of a part file of an earlier run that this run does not need.
  private let leftoverPart = Mutex<FileStamp?>(nil)

  /// Creates the storage of a torrent below `folder`, without creating its files.
  ///
  /// If the torrent has names that not every file system supports, the file system is probed. Without
  /// a budget of open files that it shares with others, the torrent has one of its own.
  package init(
    torrent: TorrentMetainfo, folder: String, options: StorageOptions = StorageOptions(),
    fileSystem: any FileSystem = PosixFileSystem(), openFiles: OpenFileBudget? = nil
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
      preallocation: options.preallocation,
      openFiles: openFiles ?? OpenFileBudget(limit: fileSystem.openFileLimit))
    state = Mutex(
      StateFile(
        torrent: torrent, name: stateName, folder: folder, fileSystem: fileSystem,
        synchronizes: options.fsync))
  }

  /// The meaning of the state file when it was read.
  var finding: StateFile.Finding { state.withLock { $0.finding } }

  /// The files whose name on disk differs from that in the torrent.
  package var nameChanges: [NameChange] { layout.names.changes(in: torrent.layout.files) }

  /// The name of the torrent's file, or of the folder of its files, as in the torrent.
  package var torrentName: FileName { torrent.info.nameBytes }

  /// The name on disk of the torrent's file, or of the folder of its files.
  package var topName: FileName { layout.names.top }

  /// The pieces with bytes of selected files.
  package var wanted: Bitfield { layout.wanted }

  /// A Boolean value indicating whether every selected file exists with the right length, as of
  /// `inspect`.
  package var isInPlace: Bool { isInPlace(files.records) }

  /// Surveys the files on disk, and takes the lock if there is a state file of ours.
  ///
  /// Unless `trustsState` is set, every selected piece is doubtful, regardless of the state file.
  package func inspect(trustsState: Bool = true) throws(StorageError) -> Inspection {
    let finding = try files.makingRoom { () throws(StorageError) in
      try state.withLock { state throws(StorageError) in
        if let root = try files.openRoot(create: false) { try state.load(root: root) }
        return state.finding
      }
    }
    try files.makingRoom { () throws(StorageError) in try files.scan() }
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

  /// Prepares the output for writing the pieces that are not verified.
  ///
  /// Call it after `inspect`. If everything is verified and in place, nothing is changed. If a file
  /// that is not ours would have to change, it throws without a change. Otherwise it takes the
  /// lock, writes the state file, creates empty files, and truncates files of ours that are too
  /// long. Other files and their folders are created on their first write, unless all space is to
  /// be reserved.
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
      try save(verified: verified, ours: ours, isClean: false, in: &state)
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

  /// Records the verified pieces and the files that are complete.
  ///
  /// It does nothing unless `prepare` had something to do. It throws if a written file was removed
  /// or replaced.
  package func saveProgress(verified: Bitfield) throws(StorageError) {
    try save(verified: verified, isClean: false)
  }

  /// Ends an incomplete run: closes the files, and saves a state that is complete.
  ///
  /// The next run then knows that nothing was written after the state. If a file cannot be closed,
  /// the call throws, and the state that it saves leaves out the pieces of that file.
  package func suspend(verified: Bitfield) throws(StorageError) {
    var failure = FirstFailure()
    failure.attempt { () throws(StorageError) in try files.close(keepingRoot: true) }
    failure.attempt { () throws(StorageError) in try save(verified: verified, isClean: true) }
    try failure.report()
  }

  /// Ends a download whose selected pieces are all verified.
  ///
  /// The files are closed, which reveals late write errors. Then the part file, the state file and
  /// the lock are removed. The files can still be read.
  ///
  /// If an earlier run has left a file unfinished that is not selected now, the state file stays to
  /// record that. It then lists the pieces in `verified`, or the selected ones if that is nil. The
  /// call throws if a file written by this run was removed, replaced, truncated or linked by
  /// another program.
  package func finish(verified: Bitfield? = nil) throws(StorageError) {
    try files.close(keepingRoot: true, seekingHoles: true)
    try files.makingRoom { () throws(StorageError) in
      try files.diskSync()?.wanted { index in
        files.books.withLock { $0.records[index].isDoubtful = true }
      }
    }
    guard state.withLock({ $0.isLocked }) else { return }
    try files.makingRoom { () throws(StorageError) in try files.confirmWritten() }
    try confirmContent(verified: verified ?? wanted)
    try removePart()
    let records = files.records
    let isDone = torrent.layout.files.indices.allSatisfy {
      layout.places[$0].isWanted || !records[$0].exists
        || !records[$0].isOurs && records[$0].unproved == nil
    }
    guard isDone else {
      var listed = verified ?? wanted
      // Their bytes were removed with the part file.
      for piece in layout.strayPieces { listed.remove(piece) }
      return try save(verified: listed, isClean: true)
    }
    try state.withLock { state throws(StorageError) in
      guard let root = try files.openRoot(create: false) else { return }
      try state.remove(root: root)
    }
    try files.diskSync()?.names()
  }

  /// Closes everything; the state file stays as it was last saved, except for pieces that have been
  /// lost since.
  ///
  /// It throws errors of earlier writes that show only now.
  package func close() throws(StorageError) {
    var failure = FirstFailure()
    failure.attempt { () throws(StorageError) in try files.close(keepingRoot: true) }
    failure.attempt { () throws(StorageError) in try withdrawDoubtful() }
    state.withLock { $0.unlock() }
    failure.attempt { () throws(StorageError) in try files.close(keepingRoot: false) }
    try failure.report()
  }

  // MARK: - The state

  private func save(verified: Bitfield, isClean: Bool) throws(StorageError) {
    guard state.withLock({ $0.isLocked }) else { return }
    try files.makingRoom { () throws(StorageError) in try files.stampWritten() }
    let ours = files.records.map(\.isOurs)
    try state.withLock { state throws(StorageError) in
      guard state.isLocked else { return }
      try save(verified: verified, ours: ours, isClean: isClean, in: &state)
    }
  }

  /// Leaves the pieces of doubtful files out of the state as it was last saved.
  private func withdrawDoubtful() throws(StorageError) {
    let doubtful = files.books.withLock { $0.doubtful }
    try state.withLock { state throws(StorageError) in
      guard !doubtful.isEmpty, state.isLocked, let listed = state.finding.record?.verified,
        listed != layout.removing(doubtful, from: listed)
      else { return }
      try save(verified: listed, ours: files.records.map(\.isOurs), isClean: false, in: &state)
    }
  }

  private func save(
    verified: Bitfield, ours: [Bool], isClean: Bool, in state: inout StateFile
  ) throws(StorageError) {
    guard let root = try files.openRoot(create: false) else { return }
    try files.makingRoom { () throws(StorageError) in
      // To make room, a file may be closed that turns out to be doubtful.
      let record = record(verified: verified, ours: ours, isClean: isClean)
      try state.replace(with: record, root: root, overwrite: overwrite)
    }
  }

  /// Returns the record of the current state.
  ///
  /// The next run must hash the pieces of doubtful files, so they are not listed, and the record is
  /// not clean: by a clean record they would be missing.
  private func record(verified: Bitfield, ours: [Bool], isClean: Bool) -> StateRecord {
    let (records, doubtful) = files.books.withLock { ($0.records, $0.doubtful) }
    let verified = layout.removing(doubtful, from: verified)
    var stamps = records.map { $0.unproved ?? $0.stamp }
    if layout.partPlace == nil { stamps.append(leftoverPart.withLock { $0 }) }
    let unfinished = unfinishedFiles(ours: ours, records: records, verified: verified)
    return StateRecord(
      infoHash: torrent.infoHash, verified: verified, unfinished: unfinished,
      whole: unfinished.indices.map { ours[$0] && layout.places[$0].isWanted && !unfinished[$0] },
      isClean: isClean && doubtful.isEmpty, boot: files.fileSystem.bootIdentity,
      selection: layout.selection, stamps: stamps)
  }

  // MARK: - The part file

  /// Decides whether an existing part file is ours: there must be a record, and the part file's
  /// header must name this torrent.
  private func claimPart(_ finding: StateFile.Finding) throws(StorageError) {
    let isKnown = finding == .cut || finding.record != nil
    leftoverPart.withLock { $0 = nil }
    guard isKnown, let root = try files.openRoot(create: false) else { return }
    let stamp = try stampOfPart(in: root)
    if let part = layout.partPlace {
      files.decide(part, isOurs: files.records[part].isOurs || stamp != nil)
    } else {
      leftoverPart.withLock { $0 = stamp }
    }
  }

  /// Returns the stamp of the part file if its header names this torrent.
  private func stampOfPart(in root: Descriptor) throws(StorageError) -> FileStamp? {
    do {
      return try PartFile.stamp(
        named: partName, in: root, header: layout.partHeader, on: files.fileSystem)
    } catch {
      throw StorageError(error, path: "\(files.folder)/\(partName)")
    }
  }

  /// Turns a foreign part file that may be overwritten into ours.
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

  /// Removes our part file, whose contents remain readable until everything is closed.
  private func removePart() throws(StorageError) {
    guard let root = try files.openRoot(create: false) else { return }
    let record = layout.partPlace.map { files.records[$0] }
    guard record?.isOurs ?? true, let known = record?.stamp ?? leftoverPart.withLock({ $0 }) else {
      return
    }
    // Another file may have taken its place meanwhile.
    guard let now = try stampOfPart(in: root), now.mayBeSameFile(as: known)
    else { return }
    if let part = layout.partPlace { try files.pin(part) }
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
