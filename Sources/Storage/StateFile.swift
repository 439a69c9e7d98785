import Glibc
import Metainfo
import Primitives

/// The state file of one torrent in its output folder, and the lock that it carries.
///
/// Its existence says "incomplete". The run that holds its lock owns the output. It is replaced as a
/// whole: written under another name, locked, then renamed over the old one. So a crash leaves the
/// old record or the new one, never half of one, and the name is never without a lock.
///
/// Its name proves nothing, since strangers choose the names in a torrent. A file is taken for ours
/// only if its content proves it; any other is neither read further nor replaced nor removed.
struct StateFile {
  static let suffix = ".swift-torrent"
  /// The endings of the names under which it is written, in the order in which they are tried.
  static let temporaryEndings = ["~"] + (1...9).map { "~\($0)" }

  /// The meaning of the file that was there.
  enum Finding: Equatable {
    /// There is no such file.
    case none
    /// A record of this torrent, written at `savedAt` nanoseconds since 1970.
    ///
    /// It is `original` if it is still the file into which a run of ours wrote it; a copy is not.
    case record(StateRecord, original: Bool, savedAt: Int64)
    /// A record of this torrent that was cut short.
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
  /// The open file that holds the lock.
  private var lock: Descriptor?
  /// What was there when it was read.
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

  /// Whether we hold the lock.
  var isLocked: Bool { lock != nil }

  /// `NAME.swift-torrent`; with digits of the info-hash when the torrent itself has such a file.
  ///
  /// A long name is cut, so that every name derived from this one can exist.
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

  /// Reads the file, if there is one, and takes its lock if it is ours.
  mutating func load(root: Descriptor) throws(StorageError) {
    unlock()
    finding = .none
    // A run that replaces the file between our opening and our locking makes us lock a file that
    // has no name any more: then the file that has it now counts.
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

  /// The file's bytes; those beyond the longest record are left out, which makes it a foreign file.
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

  /// Writes the file anew, as a whole; the lock is held from the first time on.
  ///
  /// A file that is there without our lock is replaced only when `overwrite` says so.
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
        // Of two runs that begin at once only one goes on.
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

  /// Makes a file beside the state file that nobody else has.
  ///
  /// A name can be taken by a file of somebody's, or be left by a run that died while it wrote it. Only
  /// the latter, which its content proves, is removed.
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

  /// Removes a file that a run which died has left, with a record of ours or the beginning of one.
  ///
  /// A run that is alive holds its lock.
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

  /// Writes the record with the identity of the file that holds it.
  private func write(_ record: StateRecord, to file: Descriptor) throws(StorageError) {
    do throws(SystemCallError) {
      let status = try fileSystem.status(of: file)
      var record = record
      record.identity = StateRecord.Identity(inode: status.inode, modified: status.modified)
      try fileSystem.writeBytes(record.encodedBytes, to: file)
      try fileSystem.setModified(file, to: status.modified)
      // After a power cut there must not be the name without the bytes. To wait for the journal as
      // well would mean to wait for all the data that was written before.
      if synchronizes { try fileSystem.synchronize(file) } else { fileSystem.flush(file) }
    } catch {
      throw StorageError(error, path: path)
    }
  }

  // MARK: - Ending

  /// Removes the file, which must be locked, and gives up the lock.
  mutating func remove(root: Descriptor) throws(StorageError) {
    guard lock != nil else { return }
    do { try fileSystem.remove(name, in: root) } catch { throw StorageError(error, path: path) }
    unlock()
    finding = .none
  }

  /// Gives up the lock; the file stays.
  mutating func unlock() {
    if let lock { release(lock) }
    lock = nil
  }

  private func release(_ file: Descriptor) {
    // Nothing that is not yet known to be written hangs on it.
    try? fileSystem.close(file)
  }
}

extension StateRecord.Identity {
  /// Whether the record is still in the file into which it was written.
  ///
  /// Where times are too coarse to be a secret, the number of the file must be the same as well.
  func isOf(_ status: FileStatus) -> Bool {
    guard modified == status.modified else { return false }
    return modified % 1_000_000_000 != 0 || inode == status.inode
  }
}
