import Glibc

/// Why a torrent's files cannot be read or written.
public enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file that is not ours would have to change.
  case outputExists(path: String)
  /// A file has the name of the state file or the part file, and its content does not prove that it
  /// belongs to this download.
  case foreignState(path: String)
  /// A file that would have to be written has other names, which would change with it.
  case hardLinked(path: String)
  /// Another run works on this output.
  case locked(path: String)
  /// The disk, or the user's share of it, is full.
  case diskFull(path: String)
  /// The file system cannot hold a file of that size.
  case fileTooLarge(path: String)
  /// Something that is no folder stands where a folder is needed.
  case notAFolder(path: String)
  /// A folder or a device stands where a file is needed.
  case notAFile(path: String)
  /// A symbolic link stands where a file or a folder of the torrent belongs.
  case symlink(path: String)
  /// A name or path is longer than the file system takes.
  case pathTooLong(path: String)
  /// The user may not read or write there.
  case permissionDenied(path: String)
  /// The file system is mounted read-only.
  case readOnly(path: String)
  /// The process or the system has too many open files.
  case tooManyOpenFiles(path: String)
  /// The output folder does not exist.
  case folderMissing(path: String)
  /// A file that should be there is not.
  case fileMissing(path: String)
  /// Somebody else made, cut or removed a file while we worked with it.
  case changedUnderneath(path: String)
  /// The folder was removed while we worked in it.
  case folderRemoved(path: String)
  /// The output folder's path leads elsewhere than when we began.
  case folderMoved(path: String)
  /// Room was to be reserved for a file, and the file system cannot.
  case cannotReserve(path: String)
  /// Any other failure of a system call.
  case io(path: String, call: String, errno: Int32)

  /// One clause that says what, where and what to do.
  public var description: String {
    switch self {
    case .outputExists(let path):
      "\(path) exists with different content and was not changed; move it away or allow overwriting"
    case .foreignState(let path):
      "\(path) does not belong to this download; move it away or allow overwriting"
    case .hardLinked(let path):
      "\(path) has other names (hard links), which would change with it; replace it with a copy"
    case .locked(let path): "another run holds \(path); wait for it or stop it"
    case .diskFull(let path): "no space is left to write \(path); free some and run again"
    case .fileTooLarge(let path):
      "the file system, or a limit (ulimit -f), does not allow files as large as \(path)"
    case .notAFolder(let path): "\(path) is not a folder; move it away"
    case .notAFile(let path): "\(path) is not a regular file; move it away"
    case .symlink(let path): "\(path) is a symbolic link, and links are never followed; remove it"
    case .pathTooLong(let path): "the path \(path) is too long; choose a shorter output folder"
    case .permissionDenied(let path): "permission denied for \(path); check its owner and mode"
    case .readOnly(let path): "\(path) is on a read-only file system; choose another folder"
    case .tooManyOpenFiles(let path):
      "cannot open \(path): too many open files; raise the limit (ulimit -n)"
    case .folderMissing(let path): "the folder \(path) does not exist; create it or choose another"
    case .fileMissing(let path): "the file \(path) does not exist"
    case .changedUnderneath(let path):
      "\(path) was changed by another program during the run; run again"
    case .folderRemoved(let path): "the folder of \(path) was removed during the run; run again"
    case .folderMoved(let path):
      "the folder \(path) was moved or removed during the run; run again where the data is now"
    case .cannotReserve(let path):
      "the file system cannot preallocate \(path); turn preallocation off"
    case .io(let path, let call, let code):
      "\(call) failed on \(path): \(String(cString: strerror(code)).lowercased())"
    }
  }

  /// What a failed system call on a path means.
  init(_ error: SystemCallError, path: String) {
    self =
      switch error.code {
      case ENOSPC, EDQUOT: .diskFull(path: path)
      case EFBIG: .fileTooLarge(path: path)
      case ENOTDIR: .notAFolder(path: path)
      case EISDIR: .notAFile(path: path)
      case ELOOP: .symlink(path: path)
      case ENAMETOOLONG: .pathTooLong(path: path)
      case EACCES, EPERM: .permissionDenied(path: path)
      case EROFS: .readOnly(path: path)
      case EMFILE, ENFILE: .tooManyOpenFiles(path: path)
      case ENOENT: .fileMissing(path: path)
      case EEXIST: .changedUnderneath(path: path)
      default: .io(path: path, call: error.call, errno: error.code)
      }
  }
}
