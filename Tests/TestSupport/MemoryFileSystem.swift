package import Storage
import Glibc
import Synchronization

/// Files in memory that behave as the real ones do, holes and locks included.
///
/// The root exists from the start, whatever its path. Symbolic links stand for nothing and are
/// refused where the real file system refuses them.
package final class MemoryFileSystem: FileSystem {
  private indirect enum Node {
    case file([UInt8])
    case folder([String: Int])
    case symlink
  }

  private struct Contents {
    var nodes: [Int: Node] = [1: .folder([:])]
    var nextNode = 2
    var open: [Int32: Int] = [:]
    var locks: [Int: Int32] = [:]
    var nextDescriptor: Int32 = 3
    var mostOpen = 0
    var writes = 0
  }

  private let contents = Mutex(Contents())
  private let reserves: Bool

  /// Creates an empty file system, which can reserve room for files or cannot.
  package init(reserves: Bool = true) {
    self.reserves = reserves
  }

  // MARK: - For tests

  /// How many files and folders are open.
  package var openCount: Int { contents.withLock { $0.open.count } }

  /// The most that were open at once.
  package var mostOpen: Int { contents.withLock { $0.mostOpen } }

  /// How many calls wrote, cut, made, renamed or removed something.
  package var changes: Int { contents.withLock { $0.writes } }

  /// The paths of all files, sorted.
  package var paths: [String] {
    contents.withLock { contents in
      func list(_ node: Int, _ prefix: String) -> [String] {
        guard case .folder(let entries) = contents.nodes[node] else { return [prefix] }
        return entries.flatMap { list($1, prefix.isEmpty ? $0 : prefix + "/" + $0) }
      }
      return list(1, "").filter { !$0.isEmpty }.sorted()
    }
  }

  /// The bytes of a file; nil when there is none.
  package func bytes(_ path: String) -> [UInt8]? {
    contents.withLock { contents in
      guard let node = Self.find(path, contents), case .file(let bytes) = contents.nodes[node]
      else { return nil }
      return bytes
    }
  }

  /// Puts a file in its place, with its folders; a file that is there gets the new bytes.
  package func put(_ path: String, _ bytes: [UInt8]) {
    place(path, .file(bytes))
  }

  /// Puts a symbolic link in its place, with its folders.
  package func putSymlink(_ path: String) {
    place(path, .symlink)
  }

  /// Removes a file or folder.
  package func delete(_ path: String) {
    contents.withLock { contents in
      let parts = path.split(separator: "/").map(String.init)
      let parent = Self.find(parts.dropLast().joined(separator: "/"), contents)
      guard let parent, let last = parts.last,
        case .folder(var entries) = contents.nodes[parent]
      else { return }
      entries[last] = nil
      contents.nodes[parent] = .folder(entries)
    }
  }

  private func place(_ path: String, _ node: Node) {
    contents.withLock { contents in
      var folder = 1
      let parts = path.split(separator: "/").map(String.init)
      for (position, part) in parts.enumerated() {
        guard case .folder(var entries) = contents.nodes[folder] else { return }
        if let next = entries[part], position == parts.count - 1 {
          contents.nodes[next] = node
          return
        }
        if let next = entries[part] {
          folder = next
          continue
        }
        let number = contents.nextNode
        contents.nextNode += 1
        contents.nodes[number] = position == parts.count - 1 ? node : .folder([:])
        entries[part] = number
        contents.nodes[folder] = .folder(entries)
        folder = number
      }
    }
  }

  private static func find(_ path: String, _ contents: Contents) -> Int? {
    var node = 1
    for part in path.split(separator: "/") {
      guard case .folder(let entries) = contents.nodes[node], let next = entries[String(part)]
      else { return nil }
      node = next
    }
    return node
  }

  // MARK: - Inside

  private func run<Result>(
    _ call: String, _ body: (inout Contents) throws(Failure) -> Result
  ) throws(SystemCallError) -> Result {
    do throws(Failure) {
      return try contents.withLock { contents throws(Failure) in try body(&contents) }
    } catch {
      throw SystemCallError(call: call, code: error.code)
    }
  }

  private struct Failure: Error {
    let code: Int32
  }

  private static func entries(
    _ folder: Descriptor, _ contents: Contents
  ) throws(Failure) -> (node: Int, entries: [String: Int]) {
    guard let node = contents.open[folder.number] else { throw Failure(code: EBADF) }
    guard case .folder(let entries) = contents.nodes[node] else { throw Failure(code: ENOTDIR) }
    return (node, entries)
  }

  private static func file(
    _ descriptor: Descriptor, _ contents: Contents
  ) throws(Failure) -> (node: Int, bytes: [UInt8]) {
    guard let node = contents.open[descriptor.number] else { throw Failure(code: EBADF) }
    guard case .file(let bytes) = contents.nodes[node] else { throw Failure(code: EISDIR) }
    return (node, bytes)
  }

  private static func open(_ node: Int, _ contents: inout Contents) -> Descriptor {
    let number = contents.nextDescriptor
    contents.nextDescriptor += 1
    contents.open[number] = node
    contents.mostOpen = max(contents.mostOpen, contents.open.count)
    return Descriptor(number)
  }

  private static func add(
    _ node: Node, _ name: String, in folder: Descriptor, _ contents: inout Contents
  ) throws(Failure) -> Int {
    var (parent, entries) = try Self.entries(folder, contents)
    guard name.utf8.count <= 255 else { throw Failure(code: ENAMETOOLONG) }
    guard entries[name] == nil else { throw Failure(code: EEXIST) }
    let number = contents.nextNode
    contents.nextNode += 1
    contents.writes += 1
    contents.nodes[number] = node
    entries[name] = number
    contents.nodes[parent] = .folder(entries)
    return number
  }
}

// MARK: - FileSystem

extension MemoryFileSystem {
  package func openRoot(_ path: String, create: Bool) throws(SystemCallError) -> Descriptor {
    try run("open") { contents throws(Failure) in Self.open(1, &contents) }
  }

  package func openFolder(
    _ name: String, in folder: Descriptor
  ) throws(SystemCallError) -> Descriptor {
    try run("openat") { contents throws(Failure) in
      guard let node = try Self.entries(folder, contents).entries[name] else {
        throw Failure(code: ENOENT)
      }
      guard case .folder = contents.nodes[node] else { throw Failure(code: ENOTDIR) }
      return Self.open(node, &contents)
    }
  }

  package func makeFolder(_ name: String, in folder: Descriptor) throws(SystemCallError) {
    try run("mkdirat") { contents throws(Failure) in
      _ = try Self.add(.folder([:]), name, in: folder, &contents)
    }
  }

  package func openFile(
    _ name: String, in folder: Descriptor, _ access: FileAccess
  ) throws(SystemCallError) -> Descriptor {
    try run("openat") { contents throws(Failure) in
      if case .create = access {
        return Self.open(try Self.add(.file([]), name, in: folder, &contents), &contents)
      }
      guard let node = try Self.entries(folder, contents).entries[name] else {
        throw Failure(code: ENOENT)
      }
      if case .symlink = contents.nodes[node] { throw Failure(code: ELOOP) }
      return Self.open(node, &contents)
    }
  }

  package func status(
    _ name: String, in folder: Descriptor
  ) throws(SystemCallError) -> FileStatus {
    try run("fstatat") { contents throws(Failure) in
      guard let node = try Self.entries(folder, contents).entries[name] else {
        throw Failure(code: ENOENT)
      }
      return Self.status(node, contents)
    }
  }

  package func status(of file: Descriptor) throws(SystemCallError) -> FileStatus {
    try run("fstat") { contents throws(Failure) in
      guard let node = contents.open[file.number] else { throw Failure(code: EBADF) }
      return Self.status(node, contents)
    }
  }

  private static func status(_ node: Int, _ contents: Contents) -> FileStatus {
    switch contents.nodes[node] {
    case .file(let bytes):
      FileStatus(kind: .file, size: Int64(bytes.count), inode: UInt64(node))
    case .folder: FileStatus(kind: .folder, size: 0, inode: UInt64(node))
    case .symlink: FileStatus(kind: .symlink, size: 0, inode: UInt64(node))
    case nil: FileStatus(kind: .other, size: 0, inode: UInt64(node))
    }
  }

  package func read(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try run("pread") { contents throws(Failure) in
      let rest = try Self.file(file, contents).bytes.dropFirst(Int(offset)).prefix(buffer.count)
      buffer.copyBytes(from: rest)
      return rest.count
    }
  }

  package func write(
    _ file: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try run("pwrite") { contents throws(Failure) in
      var (node, old) = try Self.file(file, contents)
      contents.nodes[node] = nil
      let end = Int(offset) + bytes.count
      if old.count < end { old += [UInt8](repeating: 0, count: end - old.count) }
      old.replaceSubrange(Int(offset)..<end, with: bytes)
      contents.nodes[node] = .file(old)
      contents.writes += 1
      return bytes.count
    }
  }

  package func resize(_ file: Descriptor, to length: Int64) throws(SystemCallError) {
    try run("ftruncate") { contents throws(Failure) in
      let (node, old) = try Self.file(file, contents)
      let kept = old.prefix(Int(length))
      contents.nodes[node] = .file(kept + [UInt8](repeating: 0, count: Int(length) - kept.count))
      contents.writes += 1
    }
  }

  package func reserve(_ file: Descriptor, length: Int64) throws(SystemCallError) {
    guard reserves else { throw SystemCallError(call: "fallocate", code: EOPNOTSUPP) }
    if try status(of: file).size < length { try resize(file, to: length) }
  }

  package func nextData(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64? {
    try run("lseek") { contents throws(Failure) in
      // Holes here are whole pages of zeros.
      let bytes = try Self.file(file, contents).bytes
      var position = Int(offset)
      while position < bytes.count {
        let page = bytes[position..<min(bytes.count, (position / 4096 + 1) * 4096)]
        if page.contains(where: { $0 != 0 }) { return Int64(position) }
        position += page.count
      }
      return nil
    }
  }

  package func synchronize(_ file: Descriptor) throws(SystemCallError) {}

  package func lock(_ file: Descriptor) throws(SystemCallError) -> Bool {
    try run("flock") { contents throws(Failure) in
      let node = try Self.file(file, contents).node
      if let holder = contents.locks[node] { return holder == file.number }
      contents.locks[node] = file.number
      return true
    }
  }

  package func rename(
    _ name: String, to newName: String, in folder: Descriptor
  ) throws(SystemCallError) {
    try run("renameat") { contents throws(Failure) in
      var (parent, entries) = try Self.entries(folder, contents)
      guard let node = entries[name] else { throw Failure(code: ENOENT) }
      entries[name] = nil
      entries[newName] = node
      contents.nodes[parent] = .folder(entries)
      contents.writes += 1
    }
  }

  package func remove(_ name: String, in folder: Descriptor) throws(SystemCallError) {
    try run("unlinkat") { contents throws(Failure) in
      var (parent, entries) = try Self.entries(folder, contents)
      guard entries[name] != nil else { throw Failure(code: ENOENT) }
      entries[name] = nil
      contents.nodes[parent] = .folder(entries)
      contents.writes += 1
    }
  }

  package func close(_ descriptor: Descriptor) throws(SystemCallError) {
    try run("close") { contents throws(Failure) in
      guard let node = contents.open.removeValue(forKey: descriptor.number) else {
        throw Failure(code: EBADF)
      }
      if contents.locks[node] == descriptor.number { contents.locks[node] = nil }
    }
  }
}
