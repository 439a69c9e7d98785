import Foundation
import Glibc
import Primitives
package import Storage
import Synchronization

/// A file system in memory that behaves like the real one, including holes and locks.
///
/// The root exists from the start, whatever its path. Symbolic links lead nowhere and are rejected
/// where the real file system rejects them.
package final class MemoryFileSystem: Sendable {
  indirect enum Node {
    case file([UInt8])
    case folder([FileName: Int])
    case symlink
  }

  struct Contents {
    var nodes: [Int: Node] = [1: .folder([:])]
    var nextNode = 2
    var open: [Int32: Int] = [:]
    var locks: [Int: Int32] = [:]
    var nextDescriptor: Int32 = 3
    var mostOpen = 0
    /// The number of descriptors that others have open.
    var openByOthers = 0
    var writes = 0
    /// The modification time of each file in nanoseconds; the clock advances by 1 ms with each
    /// change.
    var times: [Int: Int64] = [:]
    /// The time at which each file was made, in nanoseconds; unknown after `forgetBirths`.
    var births: [Int: Int64] = [:]
    var knowsBirths = true
    var now: Int64 = 1_000_000_000_000_000_000
    var boot = "one"
    var bytesRead = 0
    var calls: [String: Int] = [:]

    /// The files and folders that have changed since they were last synchronized.
    var unsynchronized: Set<Int> = []

    /// Returns whether a file or folder still has a name.
    func isReachable(_ node: Int) -> Bool {
      node == 1
        || nodes.contains { number, parent in
          guard case .folder(let entries) = parent, entries.values.contains(node) else {
            return false
          }
          return isReachable(number)
        }
    }

    mutating func touch(_ node: Int) {
      unsynchronized.insert(node)
      now += 1_000_000
      times[node] = now
      if knowsBirths, births[node] == nil { births[node] = now }
    }

    /// The files that were given a second name.
    var linked: Set<Int> = []

    /// The number of names that a file has.
    func names(of node: Int) -> Int {
      guard linked.contains(node) else { return 1 }
      return nodes.values.reduce(0) { sum, parent in
        guard case .folder(let entries) = parent else { return sum }
        return sum + entries.values.count { $0 == node }
      }
    }
  }

  let contents = Mutex(Contents())
  let reserves: Bool
  let descriptors: Int

  let names: NameRules

  /// Creates an empty file system.
  ///
  /// `reserves` says whether it supports preallocation, `descriptors` limits the files and folders
  /// that may be open, and `names` has the rules for the names that it can hold.
  package init(
    reserves: Bool = true, descriptors: Int = .max, names: NameRules = NameRules()
  ) {
    self.reserves = reserves
    self.names = names
    self.descriptors = descriptors
  }

  // MARK: - For tests

  /// The number of open files and folders.
  package var openCount: Int { contents.withLock { $0.open.count } }

  /// The largest number that were open at once.
  package var mostOpen: Int { contents.withLock { $0.mostOpen } }

  /// Lets others take all descriptors that are left, and `count` more; they close one in each
  /// pause.
  package func exhaust(andWait count: Int = 0) {
    contents.withLock { $0.openByOthers = descriptors - $0.open.count + count }
  }

  /// The number of calls that wrote, truncated, created, renamed or removed something.
  package var changes: Int { contents.withLock { $0.writes } }

  /// A Boolean value indicating whether a power failure would lose data now.
  package var isVolatile: Bool {
    contents.withLock { contents in
      contents.unsynchronized.contains { contents.nodes[$0] != nil && contents.isReachable($0) }
    }
  }

  /// Advances the clock by seconds without changing any file.
  package func wait(seconds: Int64) {
    contents.withLock { $0.now += seconds * 1_000_000_000 }
  }

  /// Simulates a reboot of the machine.
  package func restart() {
    contents.withLock { $0.boot += "+" }
  }

  /// Sets the modification time of a file, as a copy that preserves times does.
  package func setTime(of path: String, to nanoseconds: Int64) {
    contents.withLock { contents in
      guard let node = Self.find(path, contents) else { return }
      contents.times[node] = nanoseconds
    }
  }

  /// Acts as a file system that does not know when files were made, as many did until 2020.
  package func forgetBirths() {
    contents.withLock { contents in
      contents.births = [:]
      contents.knowsBirths = false
    }
  }

  /// Removes a file and puts another in its place, which gets the number that has become free.
  package func replaceReusingNumber(_ path: String, _ bytes: [UInt8]) {
    contents.withLock { contents in
      guard let node = Self.find(path, contents) else { return }
      contents.nodes[node] = .file(bytes)
      contents.births[node] = nil
      contents.touch(node)
    }
  }

  /// Gives a file a second name in the root.
  package func link(_ path: String, as name: String) {
    contents.withLock { contents in
      guard let node = Self.find(path, contents), case .folder(var entries) = contents.nodes[1]
      else { return }
      entries[FileName(name)] = node
      contents.nodes[1] = .folder(entries)
      contents.linked.insert(node)
    }
  }

  /// Copies everything to another disk, as `cp -r` does, or as `cp -a` does with `keepingTimes`.
  package func copy(keepingTimes: Bool) -> MemoryFileSystem {
    let copy = MemoryFileSystem(reserves: reserves)
    // Another disk counts its files in its own way, and on another day.
    copy.contents.withLock { contents in
      contents.nextNode = 1000
      contents.now += 86_400_000_000_000
    }
    for path in paths {
      copy.put(path, bytes(path) ?? [])
      if keepingTimes, let time = time(of: path) { copy.setTime(of: path, to: time) }
    }
    return copy
  }

  /// Returns the modification time of a file in nanoseconds.
  package func time(of path: String) -> Int64? {
    contents.withLock { contents in Self.find(path, contents).flatMap { contents.times[$0] } }
  }

  /// The number of bytes read.
  package var bytesRead: Int { contents.withLock { $0.bytesRead } }

  /// Returns the number of calls of a name, such as "pread".
  package func callCount(_ call: String) -> Int { contents.withLock { $0.calls[call] ?? 0 } }

  /// The paths of all files, sorted.
  package var paths: [String] {
    contents.withLock { contents in
      func list(_ node: Int, _ prefix: String) -> [String] {
        guard case .folder(let entries) = contents.nodes[node] else { return [prefix] }
        return entries.flatMap { list($1, prefix.isEmpty ? $0.text : prefix + "/" + $0.text) }
      }
      return list(1, "").filter { !$0.isEmpty }.sorted()
    }
  }

  /// Returns the contents of a file, or nil if there is none.
  package func bytes(_ path: String) -> [UInt8]? {
    contents.withLock { contents in
      guard let node = Self.find(path, contents), case .file(let bytes) = contents.nodes[node]
      else { return nil }
      return bytes
    }
  }

  /// Creates a file and its folders, or replaces its contents.
  package func put(_ path: String, _ bytes: [UInt8]) {
    place(path, .file(bytes))
  }

  /// Creates a symbolic link and its folders.
  package func putSymlink(_ path: String) {
    place(path, .symlink)
  }

  /// Removes a file or folder.
  package func delete(_ path: String) {
    contents.withLock { contents in
      let parts = path.split(separator: "/").map { FileName(String($0)) }
      let parent = Self.find(parts.dropLast().pathText, contents)
      guard let parent, let last = parts.last,
        case .folder(var entries) = contents.nodes[parent]
      else { return }
      entries[last] = nil
      contents.nodes[parent] = .folder(entries)
    }
  }

  func place(_ path: String, _ node: Node) {
    contents.withLock { contents in
      var folder = 1
      let parts = path.split(separator: "/").map { FileName(String($0)) }
      for (position, part) in parts.enumerated() {
        guard case .folder(var entries) = contents.nodes[folder] else { return }
        if let next = entries[part], position == parts.count - 1 {
          contents.nodes[next] = node
          contents.touch(next)
          return
        }
        if let next = entries[part] {
          folder = next
          continue
        }
        let number = contents.nextNode
        contents.nextNode += 1
        contents.nodes[number] = position == parts.count - 1 ? node : .folder([:])
        contents.touch(number)
        entries[part] = number
        contents.nodes[folder] = .folder(entries)
        folder = number
      }
    }
  }

  static func find(_ path: String, _ contents: Contents) -> Int? {
    var node = 1
    for part in path.split(separator: "/") {
      guard case .folder(let entries) = contents.nodes[node],
        let next = entries[FileName(String(part))]
      else { return nil }
      node = next
    }
    return node
  }

  // MARK: - Inside

  func run<Result>(
    _ call: String, _ body: (inout Contents) throws(Failure) -> Result
  ) throws(SystemCallError) -> Result {
    do throws(Failure) {
      return try contents.withLock { contents throws(Failure) in
        contents.calls[call, default: 0] += 1
        return try body(&contents)
      }
    } catch {
      throw SystemCallError(call: call, code: error.code)
    }
  }

  struct Failure: Error {
    let code: Int32
  }

  static func entries(
    _ folder: Descriptor, _ contents: Contents
  ) throws(Failure) -> (node: Int, entries: [FileName: Int]) {
    guard let node = contents.open[folder.number] else { throw Failure(code: EBADF) }
    guard case .folder(let entries) = contents.nodes[node] else { throw Failure(code: ENOTDIR) }
    return (node, entries)
  }

  static func file(
    _ descriptor: Descriptor, _ contents: Contents
  ) throws(Failure) -> (node: Int, bytes: [UInt8]) {
    guard let node = contents.open[descriptor.number] else { throw Failure(code: EBADF) }
    guard case .file(let bytes) = contents.nodes[node] else { throw Failure(code: EISDIR) }
    return (node, bytes)
  }

  /// Checks that another descriptor can be had.
  func checkRoom(_ contents: Contents) throws(Failure) {
    guard contents.open.count + contents.openByOthers < descriptors else {
      throw Failure(code: EMFILE)
    }
  }

  func open(_ node: Int, _ contents: inout Contents) throws(Failure) -> Descriptor {
    try checkRoom(contents)
    let number = contents.nextDescriptor
    contents.nextDescriptor += 1
    contents.open[number] = node
    contents.mostOpen = max(contents.mostOpen, contents.open.count)
    return Descriptor(number)
  }

  /// The node of a name, or of one that the file system takes for the same.
  func entry(
    _ name: FileName, in folder: Descriptor, _ contents: Contents
  ) throws(Failure) -> Int? {
    guard name.count <= names.longest else { throw Failure(code: ENAMETOOLONG) }
    let entries = try Self.entries(folder, contents).entries
    if let node = entries[name] { return node }
    guard names != NameRules() else { return nil }
    let wanted = seen(name)
    return entries.first { seen($0.key) == wanted }?.value
  }

  /// Returns the form of a name that is equal for all names that are the same here.
  private func seen(_ name: FileName) -> FileName {
    var name = name
    while names.dropsTrailing, let last = name.bytes.last, last == 0x2E || last == 0x20 {
      name = FileName(name.bytes.dropLast())
    }
    guard names.foldsCase || names.normalizes else { return name }
    var text = names.foldsCase ? name.text.uppercased().lowercased() : name.text
    if names.normalizes { text = text.decomposedStringWithCanonicalMapping }
    return FileName(text)
  }

  /// Checks that a name can exist here.
  private func check(_ name: FileName) throws(Failure) {
    guard name.count <= names.longest else { throw Failure(code: ENAMETOOLONG) }
    if name.bytes.contains(where: names.forbidden.contains)
      || (names.requiresUTF8 && String(validating: name.bytes, as: UTF8.self) == nil)
    {
      throw Failure(code: EINVAL)
    }
  }

  func add(
    _ node: Node, _ name: FileName, in folder: Descriptor, _ contents: inout Contents
  ) throws(Failure) -> Int {
    var (parent, entries) = try Self.entries(folder, contents)
    try check(name)
    guard try entry(name, in: folder, contents) == nil else { throw Failure(code: EEXIST) }
    let number = contents.nextNode
    contents.nextNode += 1
    contents.writes += 1
    contents.nodes[number] = node
    contents.touch(number)
    contents.unsynchronized.insert(parent)
    entries[name] = number
    contents.nodes[parent] = .folder(entries)
    return number
  }
}
