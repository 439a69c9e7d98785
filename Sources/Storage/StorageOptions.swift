package import Metainfo

/// The options for the layout and the writing of a torrent's files.
package struct StorageOptions: Sendable {
  /// A Boolean value indicating whether files that are not ours may be changed.
  package var overwrite = false
  /// A Boolean value indicating whether data is synchronized to the disk.
  package var fsync = false
  /// A Boolean value indicating whether pieces at the border of selected files are read from the
  /// neighbouring files instead of the part file.
  ///
  /// A check of existing data does that.
  package var readsNeighbours = false
  /// The selected files; the others are not created.
  package var selection = FileSelection.all
  /// A Boolean value indicating whether the files of a multi-file torrent lie in the output folder
  /// itself.
  package var isFlat = false
  /// The way in which space for files is allocated.
  package var preallocation = Preallocation.automatic

  /// Creates the default options.
  package init() {}
}
