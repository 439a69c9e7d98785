import Glibc

/// The reason why a torrent's files cannot be read or written.
public enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file that is not ours would have to be changed.
  case outputExists(path: String)
  /// A file with the name of the state file or the part file does not prove by its content that it
  /// belongs to this download.
  case foreignState(path: String)
  /// A file to be written has other hard links, which would change with it.
  case hardLinked(path: String)
  /// Another run uses this output.
  case locked(path: String)
  /// The disk or the user's quota is full.
  case diskFull(path: String)
  /// The file system does not support files of that size.
  case fileTooLarge(path: String)
  /// Something that is not a folder is in the place of a folder.
  case notAFolder(path: String)
  /// A folder or a device is in the place of a file.
  case notAFile(path: String)
  /// A symbolic link is in the place of a file or folder of the torrent.
  case symlink(path: String)
  /// A name or path is too long for the file system.
  case pathTooLong(path: String)
  /// The user lacks the permission to read or write.
  case permissionDenied(path: String)
  /// The file system is mounted read-only.
  case readOnly(path: String)
  /// The process or the system has too many open files.
  case tooManyOpenFiles(path: String)
  /// The output folder does not exist.
  case folderMissing(path: String)
  /// A file that must exist is missing.
  case fileMissing(path: String)
  /// Another program created, truncated or removed a file during the run.
  case changedUnderneath(path: String)
  /// The folder was removed during the run.
  case folderRemoved(path: String)
  /// The output folder's path leads to another folder than at the start of the run.
  case folderMoved(path: String)
  /// The file system cannot reserve space for a file.
  case cannotReserve(path: String)
  /// Any other failure of a system call.
  case io(path: String, call: String, errno: Int32)

  /// A one-clause description of the failure, its path and the remedy.
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
      unsafe "\(call) failed on \(path): \(String(cString: strerror(code)).lowercased())"
    }
  }

  /// Creates the error for a failed system call on a path.
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
