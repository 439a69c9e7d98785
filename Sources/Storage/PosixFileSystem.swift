import CPosix
import Glibc
package import Primitives

/// The files of the operating system.
package struct PosixFileSystem: FileSystem {
  /// Creates the file system, which has no state.
  package init() {}

  /// An eighth of the process's descriptor limit, between 128 and 2048.
  package var openFileLimit: Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return 128
    }
    return Int(max(128, min(2048, limit.rlim_cur / 8)))
  }

  /// The kernel's random id of the current boot.
  package var bootIdentity: String {
    let file = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { _ = Glibc.close(file) }
    var bytes = [UInt8](repeating: 0, count: 36)
    let count = unsafe Glibc.read(file, &bytes, bytes.count)
    return count == bytes.count ? String(validating: bytes, as: UTF8.self) ?? "" : ""
  }

  /// Repeats a call while signals interrupt it.
  private func check<Result: SignedInteger>(
    _ call: StaticString, _ body: () -> Result
  ) throws(SystemCallError) -> Result {
    while true {
      let result = body()
      if result != -1 { return result }
      let code = errno
      guard code == EINTR else { throw SystemCallError(call: "\(call)", code: code) }
    }
  }

  /// Repeats a call on a name while signals interrupt it.
  private func check<Result: SignedInteger>(
    _ call: StaticString, _ name: FileName, _ body: (UnsafePointer<CChar>) -> Result
  ) throws(SystemCallError) -> Result {
    try unsafe name.withCString { name throws(SystemCallError) in
      try check(call) { unsafe body(name) }
    }
  }

  /// Opens the output folder with open(2), after mkdir(2) for what is missing.
  package func openRoot(_ path: String, create: Bool) throws(SystemCallError) -> Descriptor {
    let obstacle = create ? makeRoot(path) : nil
    do {
      return Descriptor(try check("open") { unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    } catch {
      throw error.code == ENOENT ? obstacle ?? error : error
    }
  }

  /// Creates the missing folders of a path; returns the first failure.
  ///
  /// An existing folder can be reported as read-only or not permitted, so opening the path decides.
  private func makeRoot(_ path: String) -> SystemCallError? {
    var obstacle: SystemCallError?
    var prefix = path.utf8.first == UInt8(ascii: "/") ? "/" : ""
    for component in path.split(separator: "/") {
      prefix += component + "/"
      do {
        _ = try check("mkdir") { unsafe mkdir(prefix, 0o777) }
      } catch {
        if error.code != EEXIST { obstacle = obstacle ?? error }
      }
    }
    return obstacle
  }

  /// Calls fstatfs(2), and reads the flags of a folder that may fold case.
  package func nameFacts(of folder: Descriptor) throws(SystemCallError) -> NameFacts {
    var type: UInt64 = 0
    var longest: Int64 = 0
    let flags = try check("fstatfs") { unsafe cposix_name_facts(folder.number, &type, &longest) }
    return NameFacts(
      kind: NameFacts.Kind(fileSystemType: type, folds: flags == 1),
      longestName: Int(clamping: longest))
  }

  /// Opens a folder with openat(2) and `O_NOFOLLOW`.
  package func openFolder(
    _ name: FileName, in folder: Descriptor
  ) throws(SystemCallError) -> Descriptor {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    return unsafe Descriptor(try check("openat", name) { unsafe openat(folder.number, $0, flags) })
  }

  /// Creates a folder with mkdirat(2).
  package func makeFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError) {
    _ = try unsafe check("mkdirat", name) { unsafe mkdirat(folder.number, $0, 0o777) }
  }

  /// Opens a file with openat(2) and `O_NONBLOCK`, so that a pipe cannot block the run.
  package func openFile(
    _ name: FileName, in folder: Descriptor, _ access: FileAccess
  ) throws(SystemCallError) -> Descriptor {
    let common = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    let (flags, mode): (Int32, mode_t) =
      switch access {
      case .read: (common | O_RDONLY, 0)
      case .write: (common | O_RDWR, 0)
      case .create(let executable):
        (common | O_RDWR | O_CREAT | O_EXCL, executable ? 0o777 : 0o666)
      }
    return unsafe Descriptor(
      try check("openat", name) { unsafe openat(folder.number, $0, flags, mode) })
  }

  /// Calls statx(2) with `AT_SYMLINK_NOFOLLOW`.
  package func status(
    _ name: FileName, in folder: Descriptor
  ) throws(SystemCallError) -> FileStatus {
    var status = cposix_file_status()
    _ = try unsafe check("statx", name) { unsafe cposix_status_of_name(folder.number, $0, &status) }
    return FileStatus(status)
  }

  /// Calls statx(2).
  package func status(of file: Descriptor) throws(SystemCallError) -> FileStatus {
    var status = cposix_file_status()
    _ = try check("statx") { unsafe cposix_status_of_file(file.number, &status) }
    return FileStatus(status)
  }

  /// Reads with pread(2).
  package func read(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try check("pread") {
      unsafe pread(file.number, buffer.baseAddress, buffer.count, off_t(offset))
    }
  }

  /// Writes with pwrite(2).
  package func write(
    _ file: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try check("pwrite") {
      unsafe pwrite(file.number, bytes.baseAddress, bytes.count, off_t(offset))
    }
  }

  /// Truncates or extends with ftruncate(2).
  package func resize(_ file: Descriptor, to length: Int64) throws(SystemCallError) {
    _ = try check("ftruncate") { ftruncate(file.number, off_t(length)) }
  }

  /// Reserves space with fallocate(2).
  package func reserve(
    _ file: Descriptor, length: Int64, thoroughly: Bool
  ) throws(SystemCallError) {
    _ = try check("fallocate") { cposix_fallocate(file.number, length, thoroughly ? 1 : 0) }
  }

  /// Calls lseek(2) with `SEEK_DATA`; if holes are unknown, everything is data.
  package func nextData(
    _ file: Descriptor, from offset: Int64
  ) throws(SystemCallError) -> Int64? {
    do {
      return try check("lseek") { cposix_next_data(file.number, offset) }
    } catch {
      // ENXIO means that only a hole follows, other errors that the file system knows no holes.
      return error.code == ENXIO ? nil : offset
    }
  }

  /// Calls lseek(2) with `SEEK_HOLE`; if holes are unknown, there are none.
  package func nextHole(
    _ file: Descriptor, from offset: Int64
  ) throws(SystemCallError) -> Int64 {
    do {
      return try check("lseek") { cposix_next_hole(file.number, offset) }
    } catch {
      // ENXIO means that the file was truncated, other errors that the file system knows no holes.
      return error.code == ENXIO ? offset : .max
    }
  }

  /// Announces reads with posix_fadvise(2).
  package func prefetch(_ file: Descriptor, _ range: Range<Int64>) {
    cposix_prefetch(file.number, range.lowerBound, range.upperBound - range.lowerBound)
  }

  /// Waits 10 ms.
  package func pause() {
    usleep(10_000)
  }

  /// Waits for fsync(2).
  package func synchronize(_ file: Descriptor) throws(SystemCallError) {
    _ = try check("fsync") { fsync(file.number) }
  }

  /// Writes with sync_file_range(2).
  package func flush(_ file: Descriptor) {
    cposix_flush(file.number)
  }

  /// Takes the lock of flock(2), without waiting.
  package func lock(_ file: Descriptor) throws(SystemCallError) -> Bool {
    do {
      _ = try check("flock") { flock(file.number, LOCK_EX | LOCK_NB) }
      return true
    } catch {
      if error.code == EWOULDBLOCK { return false }
      throw error
    }
  }

  /// Sets the time with futimens(2).
  package func setModified(_ file: Descriptor, to time: Int64) throws(SystemCallError) {
    _ = try check("futimens") { cposix_set_modified(file.number, time) }
  }

  /// Renames with renameat(2), or with renameat2(2) and `RENAME_NOREPLACE`.
  package func rename(
    _ name: FileName, to newName: FileName, in folder: Descriptor, replacing: Bool
  ) throws(SystemCallError) {
    if !replacing {
      do throws(SystemCallError) {
        return try unsafe rename("renameat2", name, to: newName) {
          unsafe cposix_rename_exclusively(folder.number, $0, $1)
        }
      } catch {
        guard error.code == EINVAL || error.code == ENOSYS else { throw error }
      }
      // Not every file system can do both in one step. An empty file then reserves the name.
      let file = try openFile(newName, in: folder, .create(executable: false))
      try close(file)
    }
    try unsafe rename("renameat", name, to: newName) {
      unsafe renameat(folder.number, $0, folder.number, $1)
    }
  }

  private func rename(
    _ call: StaticString, _ name: FileName, to newName: FileName,
    _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
  ) throws(SystemCallError) {
    _ = try unsafe newName.withCString { newName throws(SystemCallError) in
      try unsafe check(call, name) { unsafe body($0, newName) }
    }
  }

  /// Removes a file with unlinkat(2).
  package func remove(_ name: FileName, in folder: Descriptor) throws(SystemCallError) {
    _ = try unsafe check("unlinkat", name) { unsafe unlinkat(folder.number, $0, 0) }
  }

  /// Closes with close(2).
  package func close(_ descriptor: Descriptor) throws(SystemCallError) {
    // After EINTR the descriptor is already free, so the call is not repeated.
    guard Glibc.close(descriptor.number) != -1 else {
      let code = errno
      if code != EINTR { throw SystemCallError(call: "close", code: code) }
      return
    }
  }
}

extension FileStatus {
  fileprivate init(_ status: cposix_file_status) {
    let kind: Kind =
      switch status.mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .symlink
      default: .other
      }
    self.init(
      kind: kind, size: status.size, inode: status.inode, modified: status.modified,
      born: status.born, links: Int(status.links))
  }
}
