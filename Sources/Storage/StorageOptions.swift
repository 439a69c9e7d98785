package import Metainfo

/// How a torrent's files are laid out and written.
package struct StorageOptions: Sendable {
  /// Whether files that are not ours may change.
  package var overwrite = false
  /// Whether data is waited for until it is on the disk.
  package var fsync = false
  /// Whether pieces at the border of chosen files are looked for in the files beside them, as a check
  /// of what lies there does, instead of in a part file.
  package var readsNeighbours = false
  /// The files that are wanted; the others are not made.
  package var selection = FileSelection.all
  /// Whether the files of a torrent of several lie in the output folder itself.
  package var isFlat = false
  /// How room for files is made.
  package var preallocation = Preallocation.automatic

  /// The defaults.
  package init() {}
}
