import Glibc
import Primitives

/// Opens the folder of one file after the other, and keeps open those used last.
///
/// Each component is opened by itself in the folder before it, and never through a symbolic link,
/// so no path can lead outside the root, whatever happens on disk meanwhile.
struct FolderWalk {
  /// Pieces come in any order, and each may lead to another folder.
  private static let openLimit = 16

  let fileSystem: any FileSystem
  /// The root's path, for messages.
  let rootPath: String
  /// The open folders, the one used last at the end.
  private var open: [(path: ArraySlice<FileName>, descriptor: Descriptor)] = []
  private let isSurvey: Bool
  /// In a survey, the folder that was missing last.
  private var missing: ArraySlice<FileName>?

  /// Starts at the root.
  ///
  /// A survey goes over all files once, and does not look for what was missing
  /// a moment ago again and again.
  init(fileSystem: any FileSystem, rootPath: String, isSurvey: Bool = false) {
    self.fileSystem = fileSystem
    self.rootPath = rootPath
    self.isSurvey = isSurvey
  }

  /// Opens the folder that holds a path's last component; the walk closes it later.
  ///
  /// Returns nil when a folder is missing and must not be created.
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

  /// The open folder that is furthest on the way, and how many components lead to it.
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

  /// Closes all folders but those used last, for whoever needs descriptors; false when there are
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

  /// Where the system allows fewer open folders than we would keep, all but the parent make room.
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
        // Somebody else made it at the same time: it will do, if it is a folder.
        if error.code != EEXIST { throw error }
      }
      return try fileSystem.openFolder(name, in: parent)
    } catch {
      if error.code == ENOENT { throw .folderRemoved(path: display) }
      throw StorageError(error, path: display)
    }
  }

  /// What stands where a folder should be.
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
