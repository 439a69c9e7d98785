import Glibc
import Primitives

/// The writes to the disk itself that a user may ask for, so that a power failure loses nothing.
struct DiskSync {
  let layout: OutputLayout
  /// The output folder's path.
  let folder: String
  let root: Descriptor
  let fileSystem: any FileSystem

  /// Waits until every selected file is on the disk, together with its name and the folders on its
  /// path.
  ///
  /// It includes files written by earlier runs. `doubt` is called with the place whose bytes may be
  /// lost, if there is one.
  func wanted(doubt: (Int) -> Void) throws(StorageError) {
    var walk = FolderWalk(fileSystem: fileSystem, rootPath: folder)
    var failure = FirstFailure()
    failure.attempt { () throws(StorageError) in try wanted(&walk, doubt) }
    failure.attempt { () throws(StorageError) in try walk.close() }
    try failure.report()
    try names()
    try synchronizeAbove()
  }

  /// Waits until every selected file is on the disk, and the folders on its path below the root.
  private func wanted(_ walk: inout FolderWalk, _ doubt: (Int) -> Void) throws(StorageError) {
    var folders: Set<ArraySlice<FileName>> = []
    for (index, place) in layout.places.enumerated() where place.isWanted {
      let way = layout.path(of: index)
      guard let name = way.last, let parent = try walk.folder(of: way, root: root, create: false)
      else { throw .fileMissing(path: folder + "/" + way.pathText) }
      do throws(SystemCallError) {
        let file = try fileSystem.openFile(name, in: parent, .read)
        let failure = synchronize(file)
        if failure != nil { doubt(index) }
        try fileSystem.close(file)
        if let failure { throw failure }
      } catch {
        throw StorageError(error, path: folder + "/" + way.pathText)
      }
      var above = way.dropLast()
      while !above.isEmpty, folders.insert(above).inserted { above = above.dropLast() }
    }
    for path in folders.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      // The walk opens the folder of a path's last component.
      guard let inside = try walk.folder(of: path + [""], root: root, create: false) else {
        continue
      }
      try synchronizeFolder(inside, path: folder + "/" + path.pathText)
    }
  }

  /// Waits until the names in the output folder are on the disk.
  func names() throws(StorageError) {
    try synchronizeFolder(root, path: folder)
  }

  /// Waits for the folders above the output folder, which this run may have created.
  private func synchronizeAbove() throws(StorageError) {
    var above = folder[...]
    while let slash = above.lastIndex(of: "/") {
      above = above[..<slash]
      if above.isEmpty { break }
      let descriptor: Descriptor
      // A folder that we may not open was not created by us.
      do { descriptor = try fileSystem.openRoot(String(above), create: false) } catch { return }
      let failure = synchronize(descriptor)
      do throws(SystemCallError) {
        try fileSystem.close(descriptor)
        if let failure, failure.code != EINVAL { throw failure }
      } catch {
        throw StorageError(error, path: String(above))
      }
    }
  }

  private func synchronizeFolder(
    _ descriptor: Descriptor, path: String
  ) throws(StorageError) {
    // Not every file system supports this for folders; their names are then as safe as possible.
    if let failure = synchronize(descriptor), failure.code != EINVAL {
      throw StorageError(failure, path: path)
    }
  }

  private func synchronize(_ descriptor: Descriptor) -> SystemCallError? {
    do throws(SystemCallError) {
      try fileSystem.synchronize(descriptor)
      return nil
    } catch {
      return error
    }
  }
}
