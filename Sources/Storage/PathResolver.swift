import Primitives

/// A resolver that gives every file of a torrent a unique path on a file system.
///
/// The first file with a name keeps it; later ones become `name.1.ext` and so on. The result
/// depends only on the order of the files and on the rules. Names chosen to collide cost no more
/// than others. After a bounded number of failed attempts, each number is used only once, so each
/// further failure is due to another name in the torrent.
struct PathResolver {
  /// A name in a folder; names that the file system treats as the same have equal keys.
  private struct Key: Hashable {
    let folder: Int
    let bytes: FileName
    let text: String

    init(folder: Int, name: FileName, rules: NameRules) {
      self.folder = folder
      let text = rules.merges ? rules.folded(name) : ""
      self.text = rules.normalizes ? text : ""
      bytes = rules.normalizes ? "" : rules.foldsCase ? FileName(text) : name
    }
  }

  private enum Entry {
    case file
    case folder(Int)
  }

  /// The number of failed attempts after which each number is used only once.
  private static let patience = 500

  private let rules: NameRules
  private var entries: [Key: Entry] = [:]
  /// The new names of folders whose name was taken by a file.
  private var movedFolders: [Key: (name: FileName, folder: Int)] = [:]
  /// The last number given to duplicates of a name.
  private var lastNumbers: [Key: Int] = [:]
  private var folderCount = 1
  private var failedTries = 0
  private var lastUniqueNumber = 1000

  init(rules: NameRules) {
    self.rules = rules
  }

  /// Claims a path of usable names for a file, and returns the unique path.
  mutating func claim(_ path: [FileName]) -> [FileName] {
    var result: [FileName] = []
    var folder = 0
    for (position, name) in path.enumerated() {
      let isFile = position == path.count - 1
      let key = Key(folder: folder, name: name, rules: rules)
      switch entries[key] {
      case nil:
        result.append(name)
        folder = enter(key, isFile: isFile)
      case .folder(let existing) where !isFile:
        result.append(name)
        folder = existing
      default:
        if !isFile, let moved = movedFolders[key] {
          result.append(moved.name)
          folder = moved.folder
          continue
        }
        let free = freeName(for: name, key: key)
        result.append(free)
        folder = enter(Key(folder: folder, name: free, rules: rules), isFile: isFile)
        if !isFile { movedFolders[key] = (free, folder) }
      }
    }
    return result
  }

  private mutating func enter(_ key: Key, isFile: Bool) -> Int {
    if isFile {
      entries[key] = .file
      return key.folder
    }
    let folder = folderCount
    folderCount += 1
    entries[key] = .folder(folder)
    return folder
  }

  private mutating func freeName(for name: FileName, key: Key) -> FileName {
    while true {
      let number: Int
      if failedTries <= Self.patience {
        number = lastNumbers[key, default: 0] + 1
        lastNumbers[key] = number
      } else {
        lastUniqueNumber += 1
        number = lastUniqueNumber
      }
      let candidate = rules.shorten(name, inserting: ".\(number)")
      if entries[Key(folder: key.folder, name: candidate, rules: rules)] == nil {
        return candidate
      }
      failedTries += 1
    }
  }
}
