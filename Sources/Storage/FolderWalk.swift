import Glibc
import Primitives

/// A walk that opens the folders of one file after the other, and keeps the most recently used ones
/// open.
///
/// Each component is opened in the folder before it, and never through a symbolic link. No path can
/// therefore lead outside the root, even if the folders change meanwhile.
struct FolderWalk {
  /// The maximum number of open folders; pieces arrive in any order, each perhaps in another
  /// folder.
  private static let openLimit = 16

  let fileSystem: any FileSystem
  /// The root's path, for messages.
  let rootPath: String
  /// The open folders, with the most recently used one last.
  private var open: [(path: ArraySlice<FileName>, descriptor: Descriptor)] = []
  private let isSurvey: Bool
  /// In a survey, the missing folder that was found last.
  private var missing: ArraySlice<FileName>?

  /// Creates a walk at the root.
  ///
  /// A survey visits all files once, and does not search for the same missing folder again and
  /// again.
  init(fileSystem: any FileSystem, rootPath: String, isSurvey: Bool = false) {
    self.fileSystem = fileSystem
    self.rootPath = rootPath
    self.isSurvey = isSurvey
  }

  /// Opens the folder of a path's last component; the walk closes it later.
  ///
  /// Returns nil if a folder is missing and must not be created.
  mutating func folder(
    of path: ArraySlice<FileName>, root: Descriptor, create: Bool
  ) throws(StorageError) -> Descriptor? {
    let folders = path.dropLast()
    if let missing, folders.starts(with: missing) { return nil }
    var (folder, depth) = useDeepest(on: folders) ?? (root, 0)
    while depth < folders.count {
      depth += 1
      let way = folders.prefix(depth)
      guard let opened = try openMakingRoom(way, in: folder, create: create) else {
        if isSurvey { missing = way }
        return nil
      }
      open.append((way, opened))
      folder = opened
      if open.count > Self.openLimit { try closeFirst() }
    }
    return folder
  }

  /// Returns the status of the file at a path; nil if it does not exist.
  mutating func file(
    at path: ArraySlice<FileName>, root: Descriptor
  ) throws(StorageError) -> FileStatus? {
    guard let name = path.last, let parent = try folder(of: path, root: root, create: false)
    else { return nil }
    var display: String { rootPath + "/" + path.pathText }
    let status: FileStatus
    do {
      status = try fileSystem.status(name, in: parent)
    } catch {
      if error.code == ENOENT { return nil }
      throw StorageError(error, path: display)
    }
    switch status.kind {
    case .file: return status
    case .symlink: throw .symlink(path: display)
    case .folder, .other: throw .notAFile(path: display)
    }
  }

  /// Returns the deepest open folder on the path, and the number of components that lead to it.
  private mutating func useDeepest(
    on folders: ArraySlice<FileName>
  ) -> (folder: Descriptor, depth: Int)? {
    var deepest: (index: Int, depth: Int)?
    for (index, (path, _)) in open.enumerated()
    where path.count > deepest?.depth ?? 0 && folders.starts(with: path) {
      deepest = (index, path.count)
    }
    guard let deepest else { return nil }
    let used = open.remove(at: deepest.index)
    open.append(used)
    return (used.descriptor, deepest.depth)
  }

  /// Closes all but the most recently used folders to free descriptors; returns false if there are
  /// none.
  mutating func makeRoom(keeping count: Int = 1) throws(StorageError) -> Bool {
    guard open.count > count else { return false }
    while open.count > count { try closeFirst() }
    return true
  }

  /// Closes all folders.
  mutating func close() throws(StorageError) {
    while !open.isEmpty { try closeFirst() }
  }

  private mutating func closeFirst() throws(StorageError) {
    let (path, descriptor) = open.removeFirst()
    do {
      try fileSystem.close(descriptor)
    } catch {
      throw StorageError(error, path: rootPath + "/" + path.pathText)
    }
  }

  /// Opens a folder; if the system allows fewer descriptors than our limit, others are closed
  /// first.
  private mutating func openMakingRoom(
    _ way: ArraySlice<FileName>, in parent: Descriptor, create: Bool
  ) throws(StorageError) -> Descriptor? {
    do throws(StorageError) {
      return try openFolder(way, in: parent, create: create)
    } catch {
      guard case .tooManyOpenFiles = error, try makeRoom(keeping: way.count > 1 ? 1 : 0) else {
        throw error
      }
    }
    return try openFolder(way, in: parent, create: create)
  }

  private func openFolder(
    _ way: ArraySlice<FileName>, in parent: Descriptor, create: Bool
  ) throws(StorageError) -> Descriptor? {
    guard let name = way.last else { return parent }
    var display: String { rootPath + "/" + way.pathText }
    do {
      return try fileSystem.openFolder(name, in: parent)
    } catch {
      switch error.code {
      case ENOENT where !create: return nil
      case ENOENT: break
      case ENOTDIR, ELOOP: throw obstacle(name, in: parent, display: display)
      default: throw StorageError(error, path: display)
      }
    }
    do throws(SystemCallError) {
      do {
        try fileSystem.makeFolder(name, in: parent)
      } catch {
        // Another process created it at the same time, which is fine if it is a folder.
        if error.code != EEXIST { throw error }
      }
      return try fileSystem.openFolder(name, in: parent)
    } catch {
      if error.code == ENOENT { throw .folderRemoved(path: display) }
      throw StorageError(error, path: display)
    }
  }

  /// Returns the error for an object in the place of a folder.
  private func obstacle(
    _ name: FileName, in parent: Descriptor, display: String
  ) -> StorageError {
    do {
      let status = try fileSystem.status(name, in: parent)
      return status.kind == .symlink ? .symlink(path: display) : .notAFolder(path: display)
    } catch {
      return StorageError(error, path: display)
    }
  }
}
