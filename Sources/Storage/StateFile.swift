import Glibc
import Metainfo
import Primitives

/// The state file of one torrent in its output folder, and the lock that it carries.
///
/// Its being there says "incomplete". The run that holds its lock owns the output. It is replaced
/// as a whole: written under another name, locked, then renamed over the old one, so a crash leaves
/// the old or the new record, never half of one, and never an unlocked moment.
struct StateFile {
  static let suffix = ".swift-torrent"
  /// What the part file's name has after the state file's.
  static let partSuffix = "-part"

  let name: FileName
  private let torrent: TorrentMetainfo
  private let folder: String
  private let fileSystem: any FileSystem
  private let synchronizes: Bool
  /// The open file that holds the lock.
  private var lock: Descriptor?
  /// What the file said when it was read.
  private(set) var record: StateRecord?
  /// When it was written, in nanoseconds since 1970.
  private(set) var savedAt: Int64 = 0
  /// Whether the state of another torrent is there under that name.
  private(set) var isForeign = false

  init(
    torrent: TorrentMetainfo, name: String, folder: String, fileSystem: any FileSystem,
    synchronizes: Bool
  ) {
    self.torrent = torrent
    self.folder = folder
    self.fileSystem = fileSystem
    self.synchronizes = synchronizes
    self.name = FileName(name)
  }

  /// The file's path, for messages.
  var path: String { folder + "/" + name.text }

  /// Whether we hold the lock.
  var isLocked: Bool { lock != nil }

  private var temporaryName: FileName { name + "~" }

  /// `NAME.swift-torrent`; with digits of the info-hash when the torrent itself has such a file.
  static func name(for torrent: TorrentMetainfo, isFlat: Bool) -> String {
    let depth = isFlat && torrent.isMultiFile ? 1 : 0
    let taken = Set(
      torrent.layout.files.compactMap { $0.path.dropFirst(depth).first?.lowercased() })
    let hash = torrent.infoHash.description
    for digits in [0, 8, 16, 40] {
      let ending = (digits == 0 ? "" : "." + hash.prefix(digits)) + suffix
      var stem = torrent.name
      while stem.utf8.count + ending.utf8.count + partSuffix.utf8.count
        > PathSanitizer.maximumNameLength
      {
        stem.removeLast()
      }
      let name = (stem + ending).lowercased()
      if !["", "~", partSuffix].contains(where: { taken.contains(name + $0) }) {
        return stem + ending
      }
    }
    return hash + suffix
  }

  // MARK: - Reading and locking

  /// Reads the file, if there is one, and takes its lock.
  mutating func load(root: Descriptor) throws(StorageError) {
    unlock()
    record = nil
    isForeign = false
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
      switch StateRecord.read(try readAll(file), torrent: torrent) {
      case .record(let found): record = found
      // An empty file is all that is left of a run that died while making it.
      case .damaged: record = StateRecord(damagedFor: torrent)
      case .foreign: isForeign = true
      }
      savedAt = try time(of: file)
      if isForeign { release(file) } else { lock = file }
      return
    }
    throw .locked(path: path)
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

  private func time(of file: Descriptor) throws(StorageError) -> Int64 {
    do { return try fileSystem.status(of: file).modified } catch {
      throw StorageError(error, path: path)
    }
  }

  /// The file's bytes; more than any record has are cut, which makes it a damaged one.
  private func readAll(_ file: Descriptor) throws(StorageError) -> [UInt8] {
    let limit = StateRecord.maximumLength(for: torrent) + 1
    do throws(SystemCallError) {
      let size = Int(min(try fileSystem.status(of: file).size, Int64(limit)))
      var bytes = [UInt8](repeating: 0, count: size)
      var count = 0
      while count < size {
        let start = count
        let read = try bytes.withUnsafeMutableBufferPointer { buffer throws(SystemCallError) in
          let rest = UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[start...])
          return try fileSystem.read(file, into: rest, at: Int64(start))
        }
        if read == 0 { break }
        count += read
      }
      return Array(bytes.prefix(count))
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
    let wasLocked = lock != nil
    if !wasLocked, !(isForeign && overwrite) { try claimName(root: root) }
    let file: Descriptor
    do {
      file = try createTemporary(root: root, replacing: wasLocked || overwrite)
    } catch {
      if !wasLocked { withdraw(name, root: root) }
      throw error
    }
    do throws(StorageError) {
      guard try takeLock(file) else { throw StorageError.locked(path: path) }
      try write(record.encodedBytes, to: file)
      do { try fileSystem.rename(temporaryName, to: name, in: root) } catch {
        throw StorageError(error, path: path)
      }
    } catch {
      release(file)
      withdraw(temporaryName, root: root)
      if !wasLocked { withdraw(name, root: root) }
      throw error
    }
    unlock()
    lock = file
    self.record = record
    isForeign = false
  }

  /// Makes the file, empty, so that of two runs that begin at once only one goes on.
  private mutating func claimName(root: Descriptor) throws(StorageError) {
    let file: Descriptor
    do {
      file = try fileSystem.openFile(name, in: root, .create(executable: false))
    } catch {
      if error.code == EEXIST { throw .locked(path: path) }
      if error.code == ENOENT { throw .folderRemoved(path: path) }
      throw StorageError(error, path: path)
    }
    guard try takeLock(file) else {
      release(file)
      throw .locked(path: path)
    }
    lock = file
  }

  /// A file left by a run that died is removed first; without its state file it is somebody else's.
  private func createTemporary(
    root: Descriptor, replacing: Bool
  ) throws(StorageError) -> Descriptor {
    do throws(SystemCallError) {
      do {
        return try fileSystem.openFile(temporaryName, in: root, .create(executable: false))
      } catch {
        guard error.code == EEXIST, replacing else { throw error }
        try fileSystem.remove(temporaryName, in: root)
        return try fileSystem.openFile(temporaryName, in: root, .create(executable: false))
      }
    } catch {
      if error.code == EEXIST { throw .foreignState(path: path + "~") }
      if error.code == ENOENT { throw .folderRemoved(path: path) }
      throw StorageError(error, path: path + "~")
    }
  }

  private func write(_ bytes: [UInt8], to file: Descriptor) throws(StorageError) {
    do throws(SystemCallError) {
      var count = 0
      while count < bytes.count {
        let start = count
        count += try bytes.withUnsafeBufferPointer { buffer throws(SystemCallError) in
          let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start...])
          return try fileSystem.write(file, rest, at: Int64(start))
        }
      }
      if synchronizes { try fileSystem.synchronize(file) }
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
    record = nil
  }

  /// Gives up the lock; the file stays.
  mutating func unlock() {
    if let lock { release(lock) }
    lock = nil
  }

  /// Takes back a file that this run has made, since it cannot go on.
  private mutating func withdraw(_ name: FileName, root: Descriptor) {
    guard name == temporaryName || lock != nil else { return }
    // The error that stopped the run is the one to report.
    try? fileSystem.remove(name, in: root)
    if name == self.name { unlock() }
  }

  private func release(_ file: Descriptor) {
    // Nothing that is not yet known to be written hangs on it.
    try? fileSystem.close(file)
  }
}
