import Primitives

/// The names that lead to a file of a torrent, as the torrent has them: bytes that need not be text,
/// nor be safe to use on disk.
///
/// They are read from the torrent's own bytes each time that somebody asks.
struct TorrentPath: Sendable {
  /// What the names lie in, each with its length before it.
  let source: ArraySlice<UInt8>
  let start: Int
  let depth: Int
  /// The torrent's name, if its files lie in a folder of it.
  let folder: FileName?
  /// The torrent's name, if it is the only file's.
  let single: FileName?

  /// Calls `body` with each name's bytes, the folder's first.
  func forEach(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    if let name = single ?? folder { name.bytes.withUnsafeBufferPointer(body) }
    if single != nil { return }
    guard depth > 0 else {
      // Filling without a path.
      return FileName(".pad").bytes.withUnsafeBufferPointer(body)
    }
    source.withUnsafeBufferPointer { bytes in
      var cursor = BencodeCursor(bytes, at: start - source.startIndex)
      for _ in 0..<depth { body(UnsafeBufferPointer(rebasing: bytes[cursor.string()])) }
    }
  }

  /// The names, the folder's first.
  var names: [FileName] {
    if let single { return [single] }
    var names: [FileName] = []
    names.reserveCapacity(depth + 2)
    if let folder { names.append(folder) }
    guard depth > 0 else { return names + [".pad"] }
    let base = source.startIndex
    source.withUnsafeBufferPointer { bytes in
      var cursor = BencodeCursor(bytes, at: start - base)
      for _ in 0..<depth {
        let range = cursor.string()
        names.append(FileName(source[base + range.lowerBound..<base + range.upperBound]))
      }
    }
    return names
  }

  /// Appends the names, with slashes between them.
  func append(to bytes: inout [UInt8]) {
    var isFirst = true
    forEach { name in
      if !isFirst { bytes.append(UInt8(ascii: "/")) }
      isFirst = false
      bytes.append(contentsOf: name)
    }
  }
}
