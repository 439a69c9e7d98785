import Glibc
import Metainfo
import Primitives

/// A probe for the names that the file system of an output folder supports.
///
/// If the system knows the answer, nothing is changed. Otherwise files with names of our own are
/// created and removed at once. If that is impossible, existing files are looked up under other
/// spellings. The answers apply to the folder, or to the nearest existing folder above it, so every
/// run with the same folder gets the same ones.
struct NameProbe {
  /// The maximum number of existing names that are looked up.
  private static let mostLooks = 64

  let fileSystem: any FileSystem
  /// The output folder's path.
  let folder: String
  /// A Boolean value indicating whether files may be created to try names.
  let mayWrite: Bool

  /// Returns the rules that matter for the names of a torrent.
  func rules(for torrent: TorrentMetainfo, isFlat: Bool) -> NameRules {
    guard let root = openNearest() else { return NameRules() }
    // Nothing was written, so closing loses nothing.
    defer { try? fileSystem.close(root) }
    // Without an answer, the default rules are as good as any.
    guard let facts = try? fileSystem.nameFacts(of: root) else { return NameRules() }
    var rules = NameRules()
    rules.longest = max(16, min(255, facts.longestName))
    switch facts.kind {
    case .bytes:
      return rules
    case .folding:
      rules.foldsCase = true
      rules.normalizes = true
      return rules
    case .limited, .unknown: break
    }
    let limited = Self.limited(rules)
    if facts.kind == .limited { rules = limited }
    if mayWrite, let tried = tryNames(rules, in: root) { return tried }
    look(at: torrent, isFlat: isFlat, in: root, &rules)
    if facts.kind == .unknown, holdsChangedNames(of: torrent, isFlat: isFlat, in: root, limited) {
      let foldsCase = rules.foldsCase
      rules = limited
      rules.foldsCase = foldsCase
    }
    return rules
  }

  /// Returns the usual rules of file systems from other operating systems.
  private static func limited(_ usual: NameRules) -> NameRules {
    var rules = usual
    rules.foldsCase = true
    rules.forbidden = delicate
    rules.requiresUTF8 = true
    rules.dropsTrailing = true
    rules.longestUnits = 255
    return rules
  }

  /// The bytes that some file systems do not allow in names.
  private static let delicate = Set<UInt8>(1..<0x20).union([0x7F]).union(#"\:*?"<>|"#.utf8)

  /// Opens the folder, or the nearest existing one above it.
  private func openNearest() -> Descriptor? {
    var path = folder
    while true {
      // The reason why it cannot be opened matters only when it is used.
      if let root = try? fileSystem.openRoot(path, create: false) { return root }
      if path == "." || path == "/" || path.isEmpty { return nil }
      guard let slash = path.lastIndex(of: "/") else {
        path = "."
        continue
      }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }

  // MARK: - Trials

  /// The result of a trial of a name.
  private enum Trial {
    case refused
    case made(isSame: Bool)
  }

  /// Creates a file, looks it up under another name and removes it; nil if no file can be created
  /// here.
  private func trial(
    _ name: [UInt8], seenAs other: [UInt8], in root: Descriptor
  ) -> Trial? {
    let (name, other) = (FileName(name[...]), FileName(other[...]))
    do throws(SystemCallError) {
      let file = try fileSystem.openFile(name, in: root, .create(executable: false))
      let found = status(other, in: root)
      let made = status(name, in: root)
      // The file is empty, so no write can fail.
      try? fileSystem.close(file)
      try fileSystem.remove(name, in: root)
      return .made(isSame: made != nil && made?.inode == found?.inode)
    } catch {
      let isOfThePlace = [
        EROFS, EACCES, EPERM, ENOSPC, EDQUOT, EMFILE, ENFILE, EEXIST,
      ].contains(error.code)
      return isOfThePlace ? nil : .refused
    }
  }

  private func status(_ name: FileName, in root: Descriptor) -> FileStatus? {
    // Names that cannot be looked up count as missing.
    try? fileSystem.status(name, in: root)
  }

  private func tryNames(_ assumed: NameRules, in root: Descriptor) -> NameRules? {
    var rules = assumed
    let base = Array(".swift-torrent-\(UInt32.random(in: 0...UInt32.max))-".utf8)
    func isSame(_ name: [UInt8], _ other: [UInt8]) -> Bool? {
      switch trial(base + name, seenAs: base + other, in: root) {
      case .made(let isSame): isSame
      case .refused: false
      case nil: nil
      }
    }
    guard let folds = isSame(Array("aA".utf8), Array("Aa".utf8)),
      let normalizes = isSame(Array("\u{E9}".utf8), Array("e\u{301}".utf8)),
      let latin = trial(base + [0xE9, 0x78], seenAs: base, in: root),
      let dropsDot = isSame(Array("x.".utf8), Array("x".utf8)),
      let dropsBlank = isSame(Array("x ".utf8), Array("x".utf8))
    else { return nil }
    rules.foldsCase = folds
    rules.normalizes = normalizes
    if case .refused = latin { rules.requiresUTF8 = true } else { rules.requiresUTF8 = false }
    rules.dropsTrailing = dropsDot || dropsBlank
    rules.forbidden = []
    for byte in Self.delicate.sorted() {
      switch trial(base + [byte, 0x78], seenAs: base, in: root) {
      case .refused: rules.forbidden.insert(byte)
      case .made: break
      case nil: return nil
      }
    }
    return rules
  }

  // MARK: - Look-ups

  /// Returns whether a file exists under its name by the limited rules, though it could keep its
  /// own name by the default rules.
  private func holdsChangedNames(
    of torrent: TorrentMetainfo, isFlat: Bool, in root: Descriptor, _ limited: NameRules
  ) -> Bool {
    let files = torrent.layout.files
    var looks = 0
    for index in files.indices where files.isStored(index) && looks < Self.mostLooks {
      guard !files.traits(of: index).isDisjoint(with: [.delicate, .nonASCII]) else { continue }
      let path = Array(files[index].path.dropFirst(isFlat && torrent.isMultiFile ? 1 : 0))
      let changed = path.compactMap(limited.usable)
      guard changed != path else { continue }
      looks += 1
      if !isThere(path, in: root), isThere(changed, in: root) { return true }
    }
    return false
  }

  /// Returns whether a path exists.
  private func isThere(_ path: [FileName], in root: Descriptor) -> Bool {
    guard let name = path.first else { return false }
    if path.count == 1 { return status(name, in: root) != nil }
    // A folder that cannot be opened counts as empty.
    guard let folder = try? fileSystem.openFolder(name, in: root) else { return false }
    // Nothing was written, so closing loses nothing.
    defer { try? fileSystem.close(folder) }
    return isThere(Array(path.dropFirst()), in: folder)
  }

  /// Derives rules from existing names: one that is found in another case, or one with bytes that
  /// were assumed to be forbidden.
  private func look(
    at torrent: TorrentMetainfo, isFlat: Bool, in root: Descriptor, _ rules: inout NameRules
  ) {
    let position = isFlat && torrent.isMultiFile ? 1 : 0
    var last: FileName?
    var looks = 0
    var knowsCase = false
    for file in torrent.layout.files where file.isStored {
      guard looks < Self.mostLooks else { return }
      let path = file.path
      guard position < path.count, path[position] != last else { continue }
      let name = path[position]
      last = name
      looks += 1
      guard NameTraits(name.bytes).isDisjoint(with: .unsafe),
        let status = status(name, in: root)
      else { continue }
      rules.forbidden.subtract(name.bytes)
      let flipped = FileName(
        ArraySlice(
          name.bytes.map {
            (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) ? $0 ^ 0x20 : $0
          }))
      guard !knowsCase, flipped != name else { continue }
      knowsCase = true
      rules.foldsCase = self.status(flipped, in: root)?.inode == status.inode
    }
  }
}
