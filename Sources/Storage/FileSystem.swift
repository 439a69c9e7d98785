package import Primitives

/// The system calls on files that storage makes, so that tests can stand in for the disk.
///
/// Names are single components: no call resolves a path, except that of the root, which the user
/// chose. So whoever walks opens one folder after the other and nothing can lead outside.
package protocol FileSystem: Sendable {
  /// How many files a torrent may keep open.
  var openFileLimit: Int { get }

  /// What tells one start of the machine from another, in at most 64 bytes; empty when unknown.
  ///
  /// What was written, but not brought to the disk, survives only until the next start.
  var bootIdentity: String { get }

  /// Opens the output folder; symbolic links count, since the user named it.
  ///
  /// With `create`, missing folders on the way are made.
  func openRoot(_ path: String, create: Bool) throws(SystemCallError) -> Descriptor

  /// What the system tells of the names that a folder takes.
  func nameFacts(of folder: Descriptor) throws(SystemCallError) -> NameFacts

  /// Opens a folder, never through a symbolic link.
  func openFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError) -> Descriptor

  /// Makes a folder that must not exist.
  func makeFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError)

  /// Opens a file, never through a symbolic link, and without waiting for a pipe's other end.
  func openFile(
    _ name: FileName, in folder: Descriptor, _ access: FileAccess
  ) throws(SystemCallError) -> Descriptor

  /// What lies under a name; a symbolic link counts as itself.
  func status(_ name: FileName, in folder: Descriptor) throws(SystemCallError) -> FileStatus

  /// What an open file is.
  func status(of file: Descriptor) throws(SystemCallError) -> FileStatus

  /// Reads up to the buffer's length from an offset; fewer bytes mean the end, or an interruption.
  func read(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int

  /// Writes up to all bytes at an offset; returns how many.
  func write(
    _ file: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int

  /// Cuts or extends a file; new bytes read as zeros.
  func resize(_ file: Descriptor, to length: Int64) throws(SystemCallError)

  /// Reserves room on disk for the bytes before `length` and makes the file at least that long.
  ///
  /// Unless `thoroughly`, it may do with seeing that there is room where reserving it costs much.
  func reserve(
    _ file: Descriptor, length: Int64, thoroughly: Bool
  ) throws(SystemCallError)

  /// The first byte from `offset` on that is not in a hole; nil when only holes follow.
  func nextData(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64?

  /// The first byte from `offset` on that is in a hole; the file's end counts as one.
  func nextHole(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64

  /// Hints that these bytes will be read soon; does not wait, and never fails.
  func prefetch(_ file: Descriptor, _ range: Range<Int64>)

  /// Waits until a file is on the disk.
  func synchronize(_ file: Descriptor) throws(SystemCallError)

  /// Writes a file's bytes to the disk, ahead of what is done next, without waiting for the file
  /// system's journal; never fails.
  func flush(_ file: Descriptor)

  /// Takes the lock that one run at a time can have, until the file is closed; false when taken.
  func lock(_ file: Descriptor) throws(SystemCallError) -> Bool

  /// Sets when an open file's content last changed, in nanoseconds since 1970.
  func setModified(_ file: Descriptor, to time: Int64) throws(SystemCallError)

  /// Gives a file another name in its folder.
  ///
  /// A file that has the new name already is replaced, or without `replacing` the call fails with
  /// `EEXIST`.
  func rename(
    _ name: FileName, to newName: FileName, in folder: Descriptor, replacing: Bool
  ) throws(SystemCallError)

  /// Removes a file.
  func remove(_ name: FileName, in folder: Descriptor) throws(SystemCallError)

  /// Closes a file or folder; an error may tell of an earlier write.
  func close(_ descriptor: Descriptor) throws(SystemCallError)
}

/// A file or folder that is open.
package struct Descriptor: Hashable, Sendable {
  /// The file system's number for it.
  package let number: Int32

  /// Wraps a number.
  package init(_ number: Int32) {
    self.number = number
  }
}

/// What is known of a folder's names without trying any.
package struct NameFacts: Hashable, Sendable {
  /// What a file system makes of names.
  package enum Kind: Hashable, Sendable {
    /// It takes any bytes and compares nothing else.
    case bytes
    /// It takes any bytes; case and Unicode forms do not count.
    case folding
    /// It comes from another system, and usually takes no more than that did.
    case limited
    /// It has to be tried.
    case unknown
  }

  /// What the file system makes of names.
  package let kind: Kind
  /// The most bytes of a name.
  package let longestName: Int

  /// Creates facts.
  package init(kind: Kind, longestName: Int) {
    self.kind = kind
    self.longestName = longestName
  }
}

/// What a file is opened for.
package enum FileAccess: Hashable, Sendable {
  /// Reading a file that exists.
  case read
  /// Reading and writing a file that exists.
  case write
  /// Reading and writing a file that must not exist.
  case create(executable: Bool)
}

/// What is known of a file without reading it.
package struct FileStatus: Hashable, Sendable {
  /// What a name can stand for.
  package enum Kind: Hashable, Sendable {
    /// A regular file.
    case file
    /// A folder.
    case folder
    /// A symbolic link.
    case symlink
    /// A pipe, a device or a socket.
    case other
  }

  /// What it is.
  package let kind: Kind
  /// The length in bytes.
  package let size: Int64
  /// The number that tells files of one file system apart; it is given to another file when this one
  /// is gone.
  package let inode: UInt64
  /// When the content last changed, in nanoseconds since 1970.
  package let modified: Int64
  /// When the file was made, in nanoseconds since 1970; 0 where the file system does not know.
  package let born: Int64
  /// The number of names (hard links) that the file has.
  package let links: Int

  /// Creates a status.
  package init(
    kind: Kind, size: Int64, inode: UInt64, modified: Int64, born: Int64 = 0, links: Int = 1
  ) {
    self.kind = kind
    self.size = size
    self.inode = inode
    self.modified = modified
    self.born = born
    self.links = links
  }
}

/// A system call that failed.
package struct SystemCallError: Error, Equatable, Sendable {
  /// The call's name.
  package let call: String
  /// Its `errno`.
  package let code: Int32

  /// Creates an error.
  package init(call: String, code: Int32) {
    self.call = call
    self.code = code
  }
}
