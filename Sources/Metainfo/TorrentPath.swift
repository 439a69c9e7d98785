import Primitives

/// The path of a file as in the torrent; its names need not be text, nor be safe to use on disk.
///
/// The names are read from the torrent's bytes on each access.
struct TorrentPath: Sendable {
  /// The bytes that contain the names, each preceded by its length.
  let source: ArraySlice<UInt8>
  let start: Int
  let depth: Int
  /// The torrent's name, if the files lie in a folder with that name.
  let folder: FileName?
  /// The torrent's name, if it is that of the only file.
  let single: FileName?

  /// Calls `body` with the bytes of each name, beginning with the folder's.
  func forEach(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    if let name = single ?? folder { unsafe name.bytes.withUnsafeBufferPointer(body) }
    if single != nil { return }
    guard depth > 0 else {
      // This is padding without a path.
      return unsafe FileName(".pad").bytes.withUnsafeBufferPointer(body)
    }
    unsafe source.withUnsafeBufferPointer { bytes in
      var cursor = unsafe BencodeCursor(bytes, at: start - source.startIndex)
      for _ in 0..<depth { unsafe body(UnsafeBufferPointer(rebasing: bytes[cursor.string()])) }
    }
  }

  /// The names, beginning with the folder's.
  var names: [FileName] {
    if let single { return [single] }
    var names: [FileName] = []
    names.reserveCapacity(depth + 2)
    if let folder { names.append(folder) }
    guard depth > 0 else { return names + [".pad"] }
    let base = source.startIndex
    unsafe source.withUnsafeBufferPointer { bytes in
      var cursor = unsafe BencodeCursor(bytes, at: start - base)
      for _ in 0..<depth {
        let range = cursor.string()
        names.append(FileName(source[base + range.lowerBound..<base + range.upperBound]))
      }
    }
    return names
  }

  /// Appends the names, separated by slashes.
  func append(to bytes: inout [UInt8]) {
    var isFirst = true
    unsafe forEach { name in
      if !isFirst { bytes.append(UInt8(ascii: "/")) }
      isFirst = false
      unsafe bytes.append(contentsOf: name)
    }
  }
}
