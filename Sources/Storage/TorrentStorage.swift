package import Metainfo
package import Primitives
import Synchronization

/// One torrent's files on disk: what is there, what may be written, and the pieces in them.
///
/// The life of a download: `inspect`, `check` if there may be data, `prepare`, then `write` and
/// `read` from any thread with `saveProgress` now and then, at last `finish`, and `close`. Nothing is
/// changed before `prepare`, and nothing at all when every piece is verified there.
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
  let files: FileTable
  private let overwrite: Bool
  private let state: Mutex<StateFile>

  /// Creates the storage of a torrent below `folder`; touches nothing yet.
  ///
  /// With `overwrite`, files that are not ours may change. With `fsync`, data is waited for until it
  /// is on the disk.
  package init(
    torrent: TorrentMetainfo, folder: String, overwrite: Bool = false, fsync: Bool = false,
    fileSystem: any FileSystem = PosixFileSystem()
  ) {
    var folder = folder.isEmpty ? "." : folder
    while folder.utf8.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.torrent = torrent
    self.overwrite = overwrite
    files = FileTable(
      layout: torrent.layout, folder: folder, fileSystem: fileSystem, synchronizes: fsync)
    state = Mutex(
      StateFile(torrent: torrent, folder: folder, fileSystem: fileSystem, synchronizes: fsync))
  }

  /// The state file's path, for messages.
  package var statePath: String { state.withLock { $0.path } }

  /// Looks at what is on disk, and takes the lock if our state file is there.
  package func inspect() throws(StorageError) -> Inspection {
    let unfinished = try state.withLock { state throws(StorageError) in
      if let root = try files.openRoot(create: false) { try state.load(root: root) }
      return state.record?.unfinished
    }
    try files.scan { unfinished?[$0] ?? false }
    return Inspection(
      files: files.records.map { record in
        guard record.exists else { return .missing }
        return record.isOurs ? .unfinished(size: record.size) : .foreign(size: record.size)
      })
  }

  /// Makes everything ready for writing the pieces that are not verified.
  ///
  /// Call it after `inspect`. If all is verified and in place it touches nothing. Else it throws,
  /// changing nothing, when a file that is not ours would have to change; takes the lock; writes the
  /// state file; makes empty files and cuts files of ours that are too long. Other files and their
  /// folders are made when they are first written.
  package func prepare(verified: Bitfield) throws(StorageError) {
    let records = files.records
    guard !verified.isFull || !isInPlace(records) else { return }
    let ours = try filesToWrite(records, verified: verified)
    try state.withLock { state throws(StorageError) in
      if state.isForeign, !overwrite { throw .foreignState(path: state.path) }
      guard let root = try files.openRoot(create: true) else {
        throw .folderMissing(path: files.folder)
      }
      let unfinished = unfinishedFiles(ours: ours, records: records, verified: verified)
      try state.replace(
        with: StateRecord(
          infoHash: torrent.infoHash, verified: verified, unfinished: unfinished),
        root: root, overwrite: overwrite)
    }
    try files.allowWriting(ours: ours)
    for file in torrent.layout.files where file.isStored && ours[file.index] {
      let record = records[file.index]
      guard record.size > file.length || (!record.exists && file.length == 0) else { continue }
      try files.withFile(file.index, for: .writing(length: Int(file.length))) {
        descriptor throws(SystemCallError) in
        if record.size > file.length {
          try files.fileSystem.resize(descriptor, to: file.length)
        }
      }
    }
  }

  /// Records which pieces are verified and which files are whole by now.
  ///
  /// Does nothing unless `prepare` had something to do.
  package func saveProgress(verified: Bitfield) throws(StorageError) {
    let records = files.records
    try state.withLock { state throws(StorageError) in
      guard state.isLocked, let root = try files.openRoot(create: false) else { return }
      let unfinished = unfinishedFiles(
        ours: records.map(\.isOurs), records: records, verified: verified)
      try state.replace(
        with: StateRecord(
          infoHash: torrent.infoHash, verified: verified, unfinished: unfinished),
        root: root, overwrite: overwrite)
    }
  }

  /// Ends a download whose pieces are all verified: files are closed, with errors of writing that
  /// come late reported, then the state file and the lock go.
  ///
  /// The files can be read afterwards.
  package func finish() throws(StorageError) {
    try files.close(keepingRoot: true)
    try state.withLock { state throws(StorageError) in
      guard state.isLocked, let root = try files.openRoot(create: false) else { return }
      try state.remove(root: root)
    }
  }

  /// Closes everything; the state file stays as it was last saved.
  ///
  /// Errors of earlier writes that show only here are thrown.
  package func close() throws(StorageError) {
    state.withLock { $0.unlock() }
    try files.close(keepingRoot: false)
  }

  // MARK: - What may be written

  /// Whether every stored file is there with its exact length.
  private func isInPlace(_ records: [FileTable.Record]) -> Bool {
    torrent.layout.files.allSatisfy { file in
      let record = records[file.index]
      return !file.isStored || record.exists && record.size == file.length
    }
  }

  /// Which files we may write, by number; throws when one that we may not would have to change.
  private func filesToWrite(
    _ records: [FileTable.Record], verified: Bitfield
  ) throws(StorageError) -> [Bool] {
    let layout = torrent.layout
    let ours = layout.files.map { file in
      let record = records[file.index]
      return file.isStored && (overwrite || record.isOurs || !record.exists)
    }
    var suspect: Int?
    for file in layout.files where file.isStored && !ours[file.index] {
      guard records[file.index].size == file.length else {
        throw .outputExists(path: files.path(file.index))
      }
      for piece in layout.pieces(ofFile: file.index).lazy.map(PieceIndex.init)
      where !verified.contains(piece) {
        let holders = layout.spans(of: piece).map(\.file).filter { layout.files[$0].isStored }
        if holders.count == 1 { throw .outputExists(path: files.path(file.index)) }
        // A piece that reaches into a file of ours may be missing there only: its bytes here are
        // compared when it has come. Of several files that are not ours, any can be at fault, so
        // one that is for certain is named first.
        if !holders.contains(where: { ours[$0] }) { suspect = suspect ?? file.index }
      }
    }
    if let suspect { throw .outputExists(path: files.path(suspect)) }
    return ours
  }

  /// Which files are ours and have a piece missing, by number.
  private func unfinishedFiles(
    ours: [Bool], records: [FileTable.Record], verified: Bitfield
  ) -> [Bool] {
    torrent.layout.files.map { file in
      guard ours[file.index], file.isStored else { return false }
      let isWhole = torrent.layout.pieces(ofFile: file.index).allSatisfy {
        verified.contains(PieceIndex($0))
      }
      return !isWhole || !records[file.index].exists || records[file.index].size > file.length
    }
  }
}
