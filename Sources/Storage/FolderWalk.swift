import Glibc

/// Opens the folder of one file after the other, keeping open what the next file shares.
///
/// Each component is opened by itself in the folder before it, and never through a symbolic link,
/// so no path can lead outside the root, whatever happens on disk meanwhile.
struct FolderWalk {
  let fileSystem: any FileSystem
  /// The root's path, for messages.
  let rootPath: String
  private var chain: [(name: String, descriptor: Descriptor)] = []
  private let isSurvey: Bool
  /// In a survey, the folder in the last one of `chain` that was not there.
  private var missing: String?

  /// Starts at the root.
  ///
  /// A survey goes over all files once, and does not look for what was missing
  /// a moment ago again and again.
  init(fileSystem: any FileSystem, rootPath: String, isSurvey: Bool = false) {
    self.fileSystem = fileSystem
    self.rootPath = rootPath
    self.isSurvey = isSurvey
  }

  /// Opens the folder that holds a path's last component; the walk closes it when it moves on.
  ///
  /// Returns nil when a folder is missing and must not be created.
  mutating func folder(
    of path: ArraySlice<String>, root: Descriptor, create: Bool
  ) throws(StorageError) -> Descriptor? {
    let folders = path.dropLast()
    var rest = folders
    for link in chain {
      guard rest.first == link.name else { break }
      rest.removeFirst()
    }
    while chain.count > folders.count - rest.count { try closeLast() }
    while let name = rest.popFirst() {
      if name == missing { return nil }
      let parent = chain.last?.descriptor ?? root
      let opened = try openFolder(
        name, in: parent, create: create,
        display: ([rootPath] + path[path.startIndex..<rest.startIndex]).joined(separator: "/"))
      guard let opened else {
        if isSurvey { missing = name }
        return nil
      }
      missing = nil
      chain.append((name, opened))
    }
    return chain.last?.descriptor ?? root
  }

  /// Closes all folders.
  mutating func close() throws(StorageError) {
    while !chain.isEmpty { try closeLast() }
  }

  private mutating func closeLast() throws(StorageError) {
    guard let last = chain.popLast() else { return }
    missing = nil
    do {
      try fileSystem.close(last.descriptor)
    } catch {
      throw StorageError(error, path: rootPath + "/" + last.name)
    }
  }

  private func openFolder(
    _ name: String, in parent: Descriptor, create: Bool, display: @autoclosure () -> String
  ) throws(StorageError) -> Descriptor? {
    do {
      return try fileSystem.openFolder(name, in: parent)
    } catch {
      switch error.code {
      case ENOENT where !create: return nil
      case ENOENT: break
      case ENOTDIR, ELOOP: throw obstacle(name, in: parent, display: display())
      default: throw StorageError(error, path: display())
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
      if error.code == ENOENT { throw .folderRemoved(path: display()) }
      throw StorageError(error, path: display())
    }
  }

  /// What stands where a folder should be.
  private func obstacle(
    _ name: String, in parent: Descriptor, display: String
  ) -> StorageError {
    do {
      let status = try fileSystem.status(name, in: parent)
      return status.kind == .symlink ? .symlink(path: display) : .notAFolder(path: display)
    } catch {
      return StorageError(error, path: display)
    }
  }
}
