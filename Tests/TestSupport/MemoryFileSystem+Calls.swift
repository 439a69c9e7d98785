import Glibc
package import Primitives
package import Storage
import Synchronization

/// The system calls.
extension MemoryFileSystem: FileSystem {
  package var openFileLimit: Int { 128 }

  package var bootIdentity: String { contents.withLock { $0.boot } }

  package func openRoot(_ path: String, create: Bool) throws(SystemCallError) -> Descriptor {
    try run("open") { contents throws(Failure) in try open(1, &contents) }
  }

  package func nameFacts(of folder: Descriptor) throws(SystemCallError) -> NameFacts {
    try run("fstatfs") { _ throws(Failure) in
      NameFacts(kind: names == NameRules() ? .bytes : .unknown, longestName: names.longest)
    }
  }

  package func openFolder(
    _ name: FileName, in folder: Descriptor
  ) throws(SystemCallError) -> Descriptor {
    try run("openat") { contents throws(Failure) in
      guard let node = try entry(name, in: folder, contents) else {
        throw Failure(code: ENOENT)
      }
      guard case .folder = contents.nodes[node] else { throw Failure(code: ENOTDIR) }
      return try open(node, &contents)
    }
  }

  package func makeFolder(_ name: FileName, in folder: Descriptor) throws(SystemCallError) {
    try run("mkdirat") { contents throws(Failure) in
      _ = try add(.folder([:]), name, in: folder, &contents)
    }
  }

  package func openFile(
    _ name: FileName, in folder: Descriptor, _ access: FileAccess
  ) throws(SystemCallError) -> Descriptor {
    try run("openat") { contents throws(Failure) in
      if case .create = access {
        try checkRoom(contents)
        return try open(try add(.file([]), name, in: folder, &contents), &contents)
      }
      guard let node = try entry(name, in: folder, contents) else {
        throw Failure(code: ENOENT)
      }
      if case .symlink = contents.nodes[node] { throw Failure(code: ELOOP) }
      return try open(node, &contents)
    }
  }

  package func status(
    _ name: FileName, in folder: Descriptor
  ) throws(SystemCallError) -> FileStatus {
    try run("fstatat") { contents throws(Failure) in
      guard let node = try entry(name, in: folder, contents) else {
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
    let (kind, size): (FileStatus.Kind, Int) =
      switch contents.nodes[node] {
      case .file(let bytes): (.file, bytes.count)
      case .folder: (.folder, 0)
      case .symlink: (.symlink, 0)
      case nil: (.other, 0)
      }
    return FileStatus(
      kind: kind, size: Int64(size), inode: UInt64(node), modified: contents.times[node] ?? 0,
      born: contents.births[node] ?? 0, links: contents.names(of: node))
  }

  package func read(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    try run("pread") { contents throws(Failure) in
      let rest = try Self.file(file, contents).bytes.dropFirst(Int(offset)).prefix(buffer.count)
      buffer.copyBytes(from: rest)
      contents.bytesRead += rest.count
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
      contents.touch(node)
      return bytes.count
    }
  }

  package func resize(_ file: Descriptor, to length: Int64) throws(SystemCallError) {
    try run("ftruncate") { contents throws(Failure) in
      let (node, old) = try Self.file(file, contents)
      let kept = old.prefix(Int(length))
      contents.nodes[node] = .file(kept + [UInt8](repeating: 0, count: Int(length) - kept.count))
      contents.writes += 1
      if kept.count != old.count || old.count != Int(length) { contents.touch(node) }
    }
  }

  package func reserve(
    _ file: Descriptor, length: Int64, thoroughly: Bool
  ) throws(SystemCallError) {
    guard reserves else { throw SystemCallError(call: "fallocate", code: EOPNOTSUPP) }
    guard length > 0 else { throw SystemCallError(call: "fallocate", code: EINVAL) }
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

  package func nextHole(_ file: Descriptor, from offset: Int64) throws(SystemCallError) -> Int64 {
    try run("lseek") { contents throws(Failure) in
      let bytes = try Self.file(file, contents).bytes
      var position = Int(offset)
      while position < bytes.count {
        let page = bytes[position..<min(bytes.count, (position / 4096 + 1) * 4096)]
        if page.allSatisfy({ $0 == 0 }) { return Int64(position) }
        position += page.count
      }
      return Int64(bytes.count)
    }
  }

  package func prefetch(_ file: Descriptor, _ range: Range<Int64>) {}

  /// Lets the others close one descriptor.
  package func pause() {
    contents.withLock { contents in
      contents.calls["usleep", default: 0] += 1
      contents.openByOthers = max(0, contents.openByOthers - 1)
    }
  }

  package func synchronize(_ file: Descriptor) throws(SystemCallError) {
    try run("fsync") { contents throws(Failure) in
      guard let node = contents.open[file.number] else { throw Failure(code: EBADF) }
      contents.unsynchronized.remove(node)
    }
  }

  package func flush(_ file: Descriptor) {}

  package func lock(_ file: Descriptor) throws(SystemCallError) -> Bool {
    try run("flock") { contents throws(Failure) in
      let node = try Self.file(file, contents).node
      if let holder = contents.locks[node] { return holder == file.number }
      contents.locks[node] = file.number
      return true
    }
  }

  package func setModified(_ file: Descriptor, to time: Int64) throws(SystemCallError) {
    try run("futimens") { contents throws(Failure) in
      contents.times[try Self.file(file, contents).node] = time
    }
  }

  package func rename(
    _ name: FileName, to newName: FileName, in folder: Descriptor, replacing: Bool
  ) throws(SystemCallError) {
    try run("renameat") { contents throws(Failure) in
      var (parent, entries) = try Self.entries(folder, contents)
      guard let node = entries[name] else { throw Failure(code: ENOENT) }
      guard replacing || entries[newName] == nil else { throw Failure(code: EEXIST) }
      entries[name] = nil
      entries[newName] = node
      contents.nodes[parent] = .folder(entries)
      contents.unsynchronized.insert(parent)
      contents.writes += 1
    }
  }

  package func remove(_ name: FileName, in folder: Descriptor) throws(SystemCallError) {
    try run("unlinkat") { contents throws(Failure) in
      var (parent, entries) = try Self.entries(folder, contents)
      guard let node = try entry(name, in: folder, contents),
        let own = entries.first(where: { $0.value == node })?.key
      else { throw Failure(code: ENOENT) }
      entries[own] = nil
      contents.nodes[parent] = .folder(entries)
      contents.unsynchronized.insert(parent)
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
