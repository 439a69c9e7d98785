import Glibc
import Metainfo
import Primitives

/// The state file of a torrent in its output folder, and the lock on it.
///
/// Its existence means that the download is incomplete. The run that holds its lock owns the
/// output. It is always replaced as a whole: written under a temporary name, locked, and then
/// renamed. A crash therefore leaves the old record or the new one, never a part of one, and there
/// is always a lock on the name.
///
/// The name proves nothing, since strangers choose the names in a torrent. A file is treated as
/// ours only if its content proves it. Any other file is not read further, replaced or removed.
struct StateFile {
  static let suffix = ".swift-torrent"
  /// The suffixes of its temporary names, in the order of trial.
  static let temporaryEndings = ["~"] + (1...9).map { "~\($0)" }

  /// The meaning of an existing file.
  enum Finding: Equatable {
    /// The file does not exist.
    case none
    /// A record of this torrent, saved at `savedAt`, in nanoseconds since 1970.
    ///
    /// It is `original` if a run of ours wrote it into this very file, which is not a copy.
    case record(StateRecord, original: Bool, savedAt: Int64)
    /// A truncated record of this torrent.
    case cut
    /// A file that is not ours.
    case foreign

    var record: StateRecord? {
      if case .record(let record, _, _) = self { record } else { nil }
    }
  }

  let name: FileName
  private let torrent: TorrentMetainfo
  private let folder: String
  private let fileSystem: any FileSystem
  private let synchronizes: Bool
  /// The open file with the lock.
  private var lock: Descriptor?
  /// The meaning of the file when it was read.
  private(set) var finding = Finding.none

  init(
    torrent: TorrentMetainfo, name: FileName, folder: String, fileSystem: any FileSystem,
    synchronizes: Bool
  ) {
    self.torrent = torrent
    self.folder = folder
    self.fileSystem = fileSystem
    self.synchronizes = synchronizes
    self.name = name
  }

  /// The file's path, for messages.
  var path: String { folder + "/" + name.text }

  /// A Boolean value indicating whether this run holds the lock.
  var isLocked: Bool { lock != nil }

  /// Returns `NAME.swift-torrent`, with digits of the info-hash if the torrent itself has such a
  /// file.
  ///
  /// A long name is shortened, so that all names derived from this one are possible.
  static func name(for torrent: TorrentMetainfo, names: OutputNames) -> FileName {
    let taken = names.topNames(of: torrent.layout.files)
    let hash = torrent.infoHash.description
    for digits in [0, 8, 16, 40] {
      let ending = (digits == 0 ? "" : "." + hash.prefix(digits)) + suffix
      let name = names.rules.fitting(names.top, before: ending, spare: PartFile.suffix) + ending
      let lowered = names.folded(name)
      if !["", "~", PartFile.suffix].contains(where: { taken.contains(lowered + $0) }) {
        return name
      }
    }
    return FileName(hash + suffix)
  }

  // MARK: - Reading and locking

  /// Reads the file, if it exists, and takes its lock if it is ours.
  mutating func load(root: Descriptor) throws(StorageError) {
    unlock()
    finding = .none
    // Another run may replace the file between our open and our lock. We then hold the lock of a
    // file without a name, and the file with the name counts.
    for _ in 0..<8 {
      guard let file = try openRegular(root: root) else { return }
      guard try takeLock(file) else {
        release(file)
        throw .locked(path: path)
      }
      guard try isStillNamed(file, root: root) else {
        release(file)
        continue
      }
      finding = try read(file)
      if finding == .foreign { release(file) } else { lock = file }
      return
    }
    throw .locked(path: path)
  }

  private func read(_ file: Descriptor) throws(StorageError) -> Finding {
    switch StateRecord.read(try readAll(file), torrent: torrent) {
    case .foreign: return .foreign
    case .cut: return .cut
    case .record(let record):
      let status = try status(of: file)
      return .record(
        record, original: record.identity?.isOf(status) ?? false, savedAt: status.modified)
    }
  }

  private func openRegular(root: Descriptor) throws(StorageError) -> Descriptor? {
    do throws(SystemCallError) {
      let file = try fileSystem.openFile(name, in: root, .read)
      if try fileSystem.status(of: file).kind == .file { return file }
      release(file)
    } catch {
      if error.code == ENOENT { return nil }
      throw StorageError(error, path: path)
    }
    throw .notAFile(path: path)
  }

  private func takeLock(_ file: Descriptor) throws(StorageError) -> Bool {
    do { return try fileSystem.lock(file) } catch { throw StorageError(error, path: path) }
  }

  private func isStillNamed(_ file: Descriptor, root: Descriptor) throws(StorageError) -> Bool {
    do throws(SystemCallError) {
      return try fileSystem.status(name, in: root).inode == fileSystem.status(of: file).inode
    } catch {
      if error.code == ENOENT { return false }
      throw StorageError(error, path: path)
    }
  }

  private func status(of file: Descriptor) throws(StorageError) -> FileStatus {
    do { return try fileSystem.status(of: file) } catch { throw StorageError(error, path: path) }
  }

  /// Returns the file's bytes, up to one more than the maximum length of a record.
  ///
  /// A file of that length is foreign.
  private func readAll(_ file: Descriptor) throws(StorageError) -> [UInt8] {
    let limit = StateRecord.maximumLength(for: torrent) + 1
    do throws(SystemCallError) {
      let size = Int(min(try fileSystem.status(of: file).size, Int64(limit)))
      return try fileSystem.readBytes(file, count: size)
    } catch {
      throw StorageError(error, path: path)
    }
  }

  // MARK: - Writing

  /// Replaces the file as a whole; the lock is held from the first time on.
  ///
  /// An existing file without our lock is replaced only with `overwrite`.
  mutating func replace(
    with record: StateRecord, root: Descriptor, overwrite: Bool
  ) throws(StorageError) {
    let isFirst = lock == nil
    let (file, temporaryName) = try createTemporary(root: root)
    do throws(StorageError) {
      guard try takeLock(file) else { throw StorageError.locked(path: path) }
      try write(record, to: file)
      let replaces = !isFirst || finding == .foreign && overwrite
      do {
        try fileSystem.rename(temporaryName, to: name, in: root, replacing: replaces)
      } catch {
        // Of two runs that begin at the same time, only one continues.
        throw error.code == EEXIST ? .locked(path: path) : StorageError(error, path: path)
      }
    } catch {
      release(file)
      // The error that stopped the run is the one to report.
      try? fileSystem.remove(temporaryName, in: root)
      throw error
    }
    unlock()
    lock = file
    finding = .record(record, original: true, savedAt: record.identity?.modified ?? 0)
  }

  /// Creates a temporary file beside the state file.
  ///
  /// A name may be taken by a file of the user, or left by a run that died while writing. Only the
  /// latter, which its content proves, is removed.
  private func createTemporary(
    root: Descriptor
  ) throws(StorageError) -> (file: Descriptor, name: FileName) {
    for candidate in Self.temporaryEndings.map({ name + $0 }) {
      do throws(SystemCallError) {
        return (try create(candidate, root: root), candidate)
      } catch {
        if error.code == EEXIST { continue }
        if error.code == ENOENT { throw .folderRemoved(path: path) }
        throw StorageError(error, path: path)
      }
    }
    throw .foreignState(path: path + "~")
  }

  private func create(
    _ candidate: FileName, root: Descriptor
  ) throws(SystemCallError) -> Descriptor {
    do {
      return try fileSystem.openFile(candidate, in: root, .create(executable: false))
    } catch {
      guard error.code == EEXIST, removeLeftover(candidate, root: root) else { throw error }
      return try fileSystem.openFile(candidate, in: root, .create(executable: false))
    }
  }

  /// Removes a file that a dead run has left, if it contains the start of a record of ours.
  ///
  /// A run that is alive holds the file's lock.
  private func removeLeftover(_ candidate: FileName, root: Descriptor) -> Bool {
    do throws(SystemCallError) {
      let file = try fileSystem.openFile(candidate, in: root, .read)
      defer { release(file) }
      let status = try fileSystem.status(of: file)
      guard status.kind == .file, status.links == 1, try fileSystem.lock(file),
        try fileSystem.status(candidate, in: root).inode == status.inode
      else { return false }
      let limit = Int64(StateRecord.maximumLength(for: torrent) + 1)
      let bytes = try fileSystem.readBytes(file, count: Int(min(status.size, limit)))
      guard StateRecord.read(bytes, torrent: torrent) != .foreign else { return false }
      try fileSystem.remove(candidate, in: root)
      return true
    } catch {
      // A file that cannot be read proves nothing.
      return false
    }
  }

  /// Writes the record together with the identity of its file.
  private func write(_ record: StateRecord, to file: Descriptor) throws(StorageError) {
    do throws(SystemCallError) {
      let status = try fileSystem.status(of: file)
      var record = record
      record.identity = StateRecord.Identity(inode: status.inode, modified: status.modified)
      try fileSystem.writeBytes(record.encodedBytes, to: file)
      try fileSystem.setModified(file, to: status.modified)
      // After a power failure, the name must not exist without the bytes. Waiting for the journal
      // too would mean waiting for all data written before.
      if synchronizes { try fileSystem.synchronize(file) } else { fileSystem.flush(file) }
    } catch {
      throw StorageError(error, path: path)
    }
  }

  // MARK: - Ending

  /// Removes the file, which must be locked, and releases the lock.
  mutating func remove(root: Descriptor) throws(StorageError) {
    guard lock != nil else { return }
    do { try fileSystem.remove(name, in: root) } catch { throw StorageError(error, path: path) }
    unlock()
    finding = .none
  }

  /// Releases the lock but keeps the file.
  mutating func unlock() {
    if let lock { release(lock) }
    lock = nil
  }

  private func release(_ file: Descriptor) {
    // All data that matters is already known to be written.
    try? fileSystem.close(file)
  }
}

extension StateRecord.Identity {
  /// Returns whether the record is still in the file into which it was written.
  ///
  /// If the time is too coarse to be unpredictable, the inode must be the same as well.
  func isOf(_ status: FileStatus) -> Bool {
    guard modified == status.modified else { return false }
    return modified % 1_000_000_000 != 0 || inode == status.inode
  }
}
