/// Gives every file of a torrent a path of its own, also where case does not count.
///
/// The first to come keeps its name; a later one becomes `name.1.ext`, and so on. The outcome
/// depends on the order of the files alone. Each component costs one look-up, and the number of
/// names that are tried in vain is bounded, so names chosen to collide cost no more than others.
struct PathResolver {
  /// A name in a folder, without regard to case; equal text in other Unicode forms is equal.
  private struct Key: Hashable {
    let folder: Int
    let name: String

    init(folder: Int, name: String) {
      self.folder = folder
      self.name = name.lowercased()
    }
  }

  private enum Entry {
    case file
    case folder(Int)
  }

  private let limit: Int
  private var entries: [Key: Entry] = [:]
  /// Where folders went whose name a file had already.
  private var movedFolders: [Key: (name: String, folder: Int)] = [:]
  /// The last number given to duplicates of a name.
  private var lastNumbers: [Key: Int] = [:]
  private var folderCount = 1
  private var failedTries = 0

  init(limit: Int) {
    self.limit = limit
  }

  /// Claims a path for a file and returns the path that it gets.
  mutating func claim(_ path: [String]) throws(MetainfoError) -> [String] {
    var result: [String] = []
    var folder = 0
    for (position, name) in path.enumerated() {
      let isFile = position == path.count - 1
      let key = Key(folder: folder, name: name)
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
        let free = try freeName(for: name, key: key)
        result.append(free)
        folder = enter(Key(folder: folder, name: free), isFile: isFile)
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

  private mutating func freeName(for name: String, key: Key) throws(MetainfoError) -> String {
    while true {
      let number = lastNumbers[key, default: 0] + 1
      lastNumbers[key] = number
      guard number <= limit, failedTries <= limit else {
        throw .tooManyDuplicateNames(limit: limit)
      }
      let candidate = PathSanitizer.shorten(
        name, to: PathSanitizer.maximumNameLength, inserting: ".\(number)")
      if entries[Key(folder: key.folder, name: candidate)] == nil { return candidate }
      failedTries += 1
    }
  }
}
