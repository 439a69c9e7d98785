import Metainfo
public import Primitives

/// A file whose name on disk differs from that in the torrent.
public struct NameChange: Hashable, Sendable {
  /// The file's index in the torrent.
  public let file: Int
  /// The path in the torrent, below the output folder.
  public let path: [FileName]
  /// The path on disk, below the output folder.
  public let diskPath: [FileName]

  /// Creates a change.
  package init(file: Int, path: [FileName], diskPath: [FileName]) {
    self.file = file
    self.path = path
    self.diskPath = diskPath
  }
}

/// The names of a torrent's files on disk.
///
/// A file keeps the torrent's names byte for byte, unless the file system does not support them,
/// another file has the same path there, or they would lead to another place.
struct OutputNames: Sendable {
  /// The paths of the files that could not keep theirs.
  private let changed: [Int: [FileName]]
  private let isFlat: Bool
  /// The torrent's name on disk.
  let top: FileName
  /// The rules for names that differ from those of the torrent.
  let rules: NameRules

  /// Chooses all names of a torrent.
  ///
  /// - Parameters:
  ///   - torrent: The torrent.
  ///   - isFlat: True if the files of a multi-file torrent lie in the output folder itself.
  ///   - probe: Determines the rules of the file system. It is called only if the torrent has names
  ///     that file systems treat differently.
  init(torrent: TorrentMetainfo, isFlat: Bool, probe: () -> NameRules) {
    self.isFlat = isFlat && torrent.isMultiFile
    let name = torrent.info.nameBytes
    let traits = torrent.layout.files.traits.union(NameTraits(name.bytes))
    let mayMeet =
      torrent.isMultiFile && TwinSearch.finds(in: torrent.layout.files, ignoringForms: true)
    let isDoubtful = mayMeet || !traits.isDisjoint(with: [.nonASCII, .delicate, .long])
    rules = isDoubtful ? probe() : NameRules()
    top = rules.usable(name) ?? "_"
    let meets =
      mayMeet
      && (rules.merges || TwinSearch.finds(in: torrent.layout.files, ignoringForms: false))
    guard
      meets || traits.contains(.unsafe) || (isDoubtful && rules != NameRules())
        || (traits.contains(.long) && Self.hasLonger(torrent, than: rules.longest))
    else {
      changed = [:]
      return
    }
    var resolver = PathResolver(rules: rules)
    var others: [Int: [FileName]] = [:]
    for file in torrent.layout.files where file.isStored {
      let path = Array(file.path.dropFirst(self.isFlat ? 1 : 0))
      var usable = path.compactMap(rules.usable)
      if torrent.isMultiFile, !self.isFlat {
        // The top folder has the same name for all files, and each file needs a name of its own.
        usable = [top] + path.dropFirst().compactMap(rules.usable)
        if usable.count == 1 { usable.append("_") }
      } else if usable.isEmpty {
        usable = ["_"]
      }
      let claimed = resolver.claim(usable)
      if claimed != path { others[file.index] = claimed }
    }
    changed = others
  }

  /// Returns whether a name is longer than a limit, in bytes.
  private static func hasLonger(_ torrent: TorrentMetainfo, than longest: Int) -> Bool {
    let files = torrent.layout.files
    if torrent.info.nameBytes.count > longest { return true }
    for index in files.indices where files.traits(of: index).contains(.long) {
      var isLonger = false
      unsafe files[index].forEachName { isLonger = isLonger || $0.count > longest }
      if isLonger { return true }
    }
    return false
  }

  /// Returns the path of a file below the output folder.
  func path(of file: TorrentFile) -> ArraySlice<FileName> {
    if let path = changed[file.index] { return path[...] }
    return isFlat ? file.path.dropFirst() : file.path[...]
  }

  /// Returns the names directly in the output folder, folded.
  func topNames(of files: FileList) -> Set<String> {
    var names: Set<String> = []
    var last: FileName?
    for file in files where file.isStored {
      guard let name = path(of: file).first, name != last else { continue }
      last = name
      names.insert(folded(name))
    }
    return names
  }

  /// Returns a name in lower case, since the file system may ignore case.
  func folded(_ name: FileName) -> String { name.text.lowercased() }

  /// Returns the files whose path differs from that in the torrent, in order.
  func changes(in files: FileList) -> [NameChange] {
    changed.sorted { $0.key < $1.key }.map { index, path in
      NameChange(
        file: index, path: Array(files[index].path.dropFirst(isFlat ? 1 : 0)), diskPath: path)
    }
  }
}
