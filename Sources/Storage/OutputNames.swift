import Metainfo
public import Primitives

/// A file whose name on disk is not the torrent's.
public struct NameChange: Hashable, Sendable {
  /// The file's number in the torrent, from 0.
  public let file: Int
  /// The path that the torrent gives it, below the output folder.
  public let path: [FileName]
  /// The path that it has on disk, below the output folder.
  public let diskPath: [FileName]

  /// Creates a change.
  package init(file: Int, path: [FileName], diskPath: [FileName]) {
    self.file = file
    self.path = path
    self.diskPath = diskPath
  }
}

/// What the files of a torrent are called on disk.
///
/// A file has its torrent's names, byte for byte, unless the file system cannot hold them, another
/// file has the same path there, or they would lead elsewhere.
struct OutputNames: Sendable {
  /// The paths of the files that could not keep theirs.
  private let changed: [Int: [FileName]]
  private let isFlat: Bool
  /// What the torrent's name becomes.
  let top: FileName
  /// How names are made that are not the torrent's.
  let rules: NameRules

  /// Decides about all names of a torrent.
  ///
  /// - Parameters:
  ///   - torrent: The torrent.
  ///   - isFlat: Whether the files of a torrent of several lie in the output folder itself.
  ///   - probe: Finds out what the file system can hold. It is asked only if the torrent has names
  ///     about which file systems differ.
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
        // The top folder has the same name for all files, and a file needs one of its own.
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

  /// Whether a name has more bytes than that.
  private static func hasLonger(_ torrent: TorrentMetainfo, than longest: Int) -> Bool {
    let files = torrent.layout.files
    if torrent.info.nameBytes.count > longest { return true }
    for index in files.indices where files.traits(of: index).contains(.long) {
      var isLonger = false
      files[index].forEachName { isLonger = isLonger || $0.count > longest }
      if isLonger { return true }
    }
    return false
  }

  /// Where a file lies below the output folder.
  func path(of file: TorrentFile) -> ArraySlice<FileName> {
    if let path = changed[file.index] { return path[...] }
    return isFlat ? file.path.dropFirst() : file.path[...]
  }

  /// The names directly in the output folder, folded.
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

  /// A name without regard to case, which some file system may not have.
  func folded(_ name: FileName) -> String { name.text.lowercased() }

  /// The files whose path is not the torrent's, in order.
  func changes(in files: FileList) -> [NameChange] {
    changed.sorted { $0.key < $1.key }.map { index, path in
      NameChange(
        file: index, path: Array(files[index].path.dropFirst(isFlat ? 1 : 0)), diskPath: path)
    }
  }
}
