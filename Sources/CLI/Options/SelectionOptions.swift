package import Metainfo
import Primitives

/// The options that select files of a torrent.
package struct SelectionOptions: Sendable {
  /// The patterns of files to download.
  package var patterns: [Glob] = []
  /// The numbers of files to download.
  package var numbers: FileNumbers?
  /// The patterns of files to leave out, which take precedence.
  package var exclusions: [Glob] = []

  /// Creates a selection of all files.
  package init() {}

  /// A Boolean value indicating whether no option selects files.
  package var isAll: Bool { patterns.isEmpty && numbers == nil && exclusions.isEmpty }

  /// Returns the selected files of one torrent.
  ///
  /// - Parameter torrent: The torrent.
  /// - Throws: `CommandFailure` if a number exceeds the number of files, or if no file is selected.
  /// - Returns: The selection.
  package func selection(of torrent: TorrentMetainfo) throws(CommandFailure) -> FileSelection {
    if isAll { return .all }
    let files = torrent.layout.files
    if let largest = numbers?.ranges.map(\.upperBound).max(), largest > files.count {
      throw CommandFailure(
        .badUsage, "\(NameText.shown(torrent.info.nameBytes.bytes)) has no file \(largest)",
        hint: "list them with 'swift-torrent SOURCE --list'")
    }
    let wanted = files.filter { contains($0, in: torrent) }
    guard !wanted.isEmpty else {
      throw CommandFailure(
        .badUsage, "no file of \(NameText.shown(torrent.info.nameBytes.bytes)) is selected",
        hint: "list them with 'swift-torrent SOURCE --list'")
    }
    return FileSelection(wanted.map(\.index))
  }

  private func contains(_ file: TorrentFile, in torrent: TorrentMetainfo) -> Bool {
    let path = file.path.dropFirst(torrent.isMultiFile ? 1 : 0).map(\.bytes)
    if exclusions.contains(where: { $0.matches(path) }) { return false }
    if patterns.isEmpty, numbers == nil { return true }
    return patterns.contains { $0.matches(path) } || numbers?.contains(file.index + 1) ?? false
  }
}
