package import Metainfo
import Primitives

/// Which files of a torrent the command line asks for.
package struct SelectionOptions: Sendable {
  /// Patterns of files that are wanted.
  package var patterns: [Glob] = []
  /// Numbers of files that are wanted.
  package var numbers: FileNumbers?
  /// Patterns of files that are not wanted, whatever else is said.
  package var exclusions: [Glob] = []

  /// Everything is wanted.
  package init() {}

  /// Whether nothing was said.
  package var isAll: Bool { patterns.isEmpty && numbers == nil && exclusions.isEmpty }

  /// The files of one torrent that are wanted.
  ///
  /// - Parameter torrent: The torrent.
  /// - Throws: `CommandFailure` when a number is no file's, or no file is wanted.
  /// - Returns: Their numbers; all of them when nothing was said.
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
