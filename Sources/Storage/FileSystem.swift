package import Primitives

/// The system calls on files that storage needs; tests substitute the disk.
///
/// Names are single components. No call resolves a path, except for that of the root, which the
/// user chose. Callers open one folder after the other, so nothing can lead outside the root.
package protocol FileSystem: Sendable {
  /// The maximum number of files that the torrents of a session may keep open together.
  ///
  /// A check outside a session has a limit of its own.
  var openFileLimit: Int { get }

  /// An identity of the machine's current boot, at most 64 bytes long; empty if it is unknown.
  ///
  /// Data that was written but not synchronized to the disk survives only within one boot.
  var bootIdentity: String { get }

  /// Opens the output folder; symbolic links are followed, because the user chose the path.
  ///
  /// With `create`, missing folders on the path are created.
  func openRoot(_ path: String, create: Bool) throws(SystemCallError) -> Descriptor

  /// Returns the known facts about the names in a folder.
  func nameFacts(of folder: Descriptor) throws(SystemCallError) -> NameFacts

  /// Opens a folder, but never through a symbolic link.
  func openFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError) -> Descriptor

  /// Creates a folder, which must not exist.
  func makeFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError)

  /// Opens a file, but never through a symbolic link, and without waiting for the other end of a
  /// pipe.
  func openFile(
    _ name: FileName, in folder: Descriptor, _ access: FileAccess
  ) throws(SystemCallError) -> Descriptor

  /// Returns the status of a name; symbolic links are not followed.
  func status(_ name: FileName, in folder: Descriptor) throws(SystemCallError) -> FileStatus

  /// Returns the status of an open file.
  func status(of file: Descriptor) throws(SystemCallError) -> FileStatus

  /// Reads up to the buffer's length at an offset; a shorter result means the end or an
  /// interruption.
  func read(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int

  /// Writes up to all bytes at an offset; returns the number written.
  func write(
    _ file: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int

  /// Truncates or extends a file; new bytes read as zeros.
  func resize(_ file: Descriptor, to length: Int64) throws(SystemCallError)

  /// Reserves space on disk for the bytes before `length`, and makes the file at least that long.
  ///
  /// Unless `thoroughly` is set, it may just check for free space where a reservation is expensive.
  func reserve(
    _ file: Descriptor, length: Int64, thoroughly: Bool
  ) throws(SystemCallError)

  /// Returns the offset of the first byte from `offset` on that is not in a hole; nil if there is
  /// none.
  func nextData(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64?

  /// Returns the offset of the first byte from `offset` on that is in a hole, or the end of the
  /// file.
  func nextHole(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64

  /// Announces that these bytes will be read soon; it does not wait, and never fails.
  func prefetch(_ file: Descriptor, _ range: Range<Int64>)

  /// Waits a moment, in which other threads may close files.
  func pause()

  /// Waits until a file has been written to the disk.
  func synchronize(_ file: Descriptor) throws(SystemCallError)

  /// Writes a file's bytes to the disk before later operations, without waiting for the file
  /// system's journal.
  ///
  /// It never fails.
  func flush(_ file: Descriptor)

  /// Takes an exclusive lock until the file is closed; returns false if another run holds it.
  func lock(_ file: Descriptor) throws(SystemCallError) -> Bool

  /// Sets an open file's modification time, in nanoseconds since 1970.
  func setModified(_ file: Descriptor, to time: Int64) throws(SystemCallError)

  /// Renames a file within its folder.
  ///
  /// An existing file with the new name is replaced; without `replacing`, the call fails with
  /// `EEXIST` instead.
  func rename(
    _ name: FileName, to newName: FileName, in folder: Descriptor, replacing: Bool
  ) throws(SystemCallError)

  /// Removes a file.
  func remove(_ name: FileName, in folder: Descriptor) throws(SystemCallError)

  /// Closes a file or folder; an error may come from an earlier write.
  func close(_ descriptor: Descriptor) throws(SystemCallError)
}

/// An open file or folder.
package struct Descriptor: Hashable, Sendable {
  /// The system's number of the descriptor.
  package let number: Int32

  /// Creates a descriptor with a number.
  package init(_ number: Int32) {
    self.number = number
  }
}

/// The facts about the names in a folder that are known without a trial.
package struct NameFacts: Hashable, Sendable {
  /// The way in which a file system treats names.
  package enum Kind: Hashable, Sendable {
    /// All bytes are allowed, and names are compared byte for byte.
    case bytes
    /// All bytes are allowed; case and Unicode normalization are ignored in comparisons.
    case folding
    /// The file system comes from another operating system and probably has its restrictions.
    case limited
    /// The file system is unknown, so names must be tried.
    case unknown
  }

  /// The way in which the file system treats names.
  package let kind: Kind
  /// The maximum length of a name, in bytes.
  package let longestName: Int

  /// Creates the facts.
  package init(kind: Kind, longestName: Int) {
    self.kind = kind
    self.longestName = longestName
  }
}

/// The access for which a file is opened.
package enum FileAccess: Hashable, Sendable {
  /// Reading a file that exists.
  case read
  /// Reading and writing a file that exists.
  case write
  /// Reading and writing a file that must not exist.
  case create(executable: Bool)
}

/// The status of a file.
package struct FileStatus: Hashable, Sendable {
  /// The kind of object with a name.
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

  /// The kind of the object.
  package let kind: Kind
  /// The length in bytes.
  package let size: Int64
  /// The number of the file in its file system, which is reused once the file is gone.
  package let inode: UInt64
  /// The modification time, in nanoseconds since 1970.
  package let modified: Int64
  /// The time of creation, in nanoseconds since 1970; 0 if the file system does not record it.
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
  /// The `errno` of the failure.
  package let code: Int32

  /// Creates an error.
  package init(call: String, code: Int32) {
    self.call = call
    self.code = code
  }
}
