import Glibc
package import Primitives
package import Storage
import Synchronization

/// A wrapper around a file system that injects faults: a full disk and failing calls.
package final class FaultyFileSystem: FileSystem {
  private struct Faults {
    /// The number of bytes that may still be written; nil for no limit.
    var bytesLeft: Int?
    /// The `errno` that calls of each name return.
    var codes: [String: Int32] = [:]
    /// The number of bytes read.
    var bytesRead = 0
    /// The number of attempts to open a folder.
    var folderOpens = 0
    /// A Boolean value indicating whether files seem to have no holes.
    var hidesHoles = false
  }

  private let base: any FileSystem
  private let faults: Mutex<Faults>

  /// Wraps a file system, whose disk is full after `bytes` bytes of writing if given.
  package init(_ base: any FileSystem, fullAfter bytes: Int? = nil) {
    self.base = base
    faults = Mutex(Faults(bytesLeft: bytes))
  }

  /// Makes calls of a name, such as "pread", fail with an `errno` from now on; nil ends it.
  package func fail(_ call: String, with code: Int32?) {
    faults.withLock { $0.codes[call] = code }
  }

  /// Sets the number of bytes that may still be written; nil for no limit.
  package func setBytesLeft(_ count: Int?) {
    faults.withLock { $0.bytesLeft = count }
  }

  /// From now on no file seems to have a hole, as on file systems that know none.
  package func hideHoles() {
    faults.withLock { $0.hidesHoles = true }
  }

  package var openFileLimit: Int { base.openFileLimit }
  package var bootIdentity: String { base.bootIdentity }

  /// The number of bytes read.
  package var bytesRead: Int { faults.withLock { $0.bytesRead } }

  /// The number of attempts to open a folder.
  package var folderOpens: Int { faults.withLock { $0.folderOpens } }

  private func check(_ call: String) throws(SystemCallError) {
    if let code = faults.withLock({ $0.codes[call] }) {
      throw SystemCallError(call: call, code: code)
    }
  }

  package func openRoot(_ path: String, create: Bool) throws(SystemCallError) -> Descriptor {
    try check("open")
    return try base.openRoot(path, create: create)
  }

  package func nameFacts(of folder: Descriptor) throws(SystemCallError) -> NameFacts {
    try check("fstatfs")
    return try base.nameFacts(of: folder)
  }

  package func openFolder(
    _ name: FileName, in folder: Descriptor
  ) throws(SystemCallError) -> Descriptor {
    faults.withLock { $0.folderOpens += 1 }
    try check("openat")
    return try base.openFolder(name, in: folder)
  }

  package func makeFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError) {
    try check("mkdirat")
    try base.makeFolder(name, in: folder)
  }

  package func openFile(
    _ name: FileName, in folder: Descriptor, _ access: FileAccess
  ) throws(SystemCallError) -> Descriptor {
    try check("openat")
    return try base.openFile(name, in: folder, access)
  }

  package func status(
    _ name: FileName, in folder: Descriptor
  ) throws(SystemCallError) -> FileStatus {
    try check("fstatat")
    return try base.status(name, in: folder)
  }

  package func status(of file: Descriptor) throws(SystemCallError) -> FileStatus {
    try check("fstat")
    return try base.status(of: file)
  }

  package func read(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try check("pread")
    let count = try base.read(file, into: buffer, at: offset)
    faults.withLock { $0.bytesRead += count }
    return count
  }

  package func write(
    _ file: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try check("pwrite")
    // As on a real disk, the last write is short and the next one fails.
    let allowed = faults.withLock { faults in
      let allowed = min(bytes.count, faults.bytesLeft ?? bytes.count)
      if let left = faults.bytesLeft { faults.bytesLeft = left - allowed }
      return allowed
    }
    guard allowed > 0 || bytes.isEmpty else { throw SystemCallError(call: "pwrite", code: ENOSPC) }
    return try base.write(file, UnsafeRawBufferPointer(rebasing: bytes[..<allowed]), at: offset)
  }

  package func resize(_ file: Descriptor, to length: Int64) throws(SystemCallError) {
    try check("ftruncate")
    try base.resize(file, to: length)
  }

  package func reserve(
    _ file: Descriptor, length: Int64, thoroughly: Bool
  ) throws(SystemCallError) {
    try check("fallocate")
    try base.reserve(file, length: length, thoroughly: thoroughly)
  }

  package func nextData(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64? {
    try check("lseek")
    if faults.withLock({ $0.hidesHoles }) { return offset }
    return try base.nextData(file, from: offset)
  }

  package func nextHole(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64 {
    try check("lseek")
    if faults.withLock({ $0.hidesHoles }) { return .max }
    return try base.nextHole(file, from: offset)
  }

  package func prefetch(_ file: Descriptor, _ range: Range<Int64>) {
    base.prefetch(file, range)
  }

  package func pause() { base.pause() }

  package func synchronize(_ file: Descriptor) throws(SystemCallError) {
    try check("fsync")
    try base.synchronize(file)
  }

  package func flush(_ file: Descriptor) {
    base.flush(file)
  }

  package func lock(_ file: Descriptor) throws(SystemCallError) -> Bool {
    try check("flock")
    return try base.lock(file)
  }

  package func setModified(_ file: Descriptor, to time: Int64) throws(SystemCallError) {
    try check("futimens")
    try base.setModified(file, to: time)
  }

  package func rename(
    _ name: FileName, to newName: FileName, in folder: Descriptor, replacing: Bool
  ) throws(SystemCallError) {
    try check("renameat")
    try base.rename(name, to: newName, in: folder, replacing: replacing)
  }

  package func remove(_ name: FileName, in folder: Descriptor) throws(SystemCallError) {
    try check("unlinkat")
    try base.remove(name, in: folder)
  }

  package func close(_ descriptor: Descriptor) throws(SystemCallError) {
    // The file is closed even so, as after a real failure.
    try base.close(descriptor)
    try check("close")
  }
}
