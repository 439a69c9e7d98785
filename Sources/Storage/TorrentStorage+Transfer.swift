import Metainfo
package import Primitives

extension TorrentStorage {
  /// Writes a verified piece, with one positioned write for each file that it spans.
  ///
  /// The bytes must be exactly those of the piece. Padding is not written. Bytes in files that are
  /// not ours are compared instead, before anything is written.
  package func write(
    piece: PieceIndex, bytes: UnsafeRawBufferPointer
  ) throws(StorageError) {
    precondition(bytes.count == torrent.geometry.length(of: piece), "exactly one piece")
    let spans = parts(of: torrent.layout.range(of: piece))
    for part in spans where !files.isOurs(part.span.file) {
      let data = unsafe UnsafeRawBufferPointer(rebasing: bytes[part.range])
      guard try unsafe matches(part.span, data) else {
        throw .outputExists(path: files.path(part.span.file))
      }
    }
    for part in spans where files.isOurs(part.span.file) {
      try unsafe write(part.span, UnsafeRawBufferPointer(rebasing: bytes[part.range]))
    }
  }

  /// Reads a block of a verified piece into a buffer of the block's length.
  package func read(
    block: Block, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    precondition(buffer.count == block.length, "exactly one block")
    let start = torrent.geometry.offset(of: block.piece) + Int64(block.offset)
    let range = start..<start + Int64(block.length)
    guard try unsafe read(range, into: buffer) else {
      let part = parts(of: range).first
      throw .changedUnderneath(path: part.map { files.path($0.span.file) } ?? files.folder)
    }
  }

  // MARK: - Parts of files

  /// Reads a range of the torrent, with zeros for padding; returns false if a file is too short.
  func read(
    _ range: Range<Int64>, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StorageError) -> Bool {
    var position = 0
    var isWhole = true
    try layout.forEachSpan(of: range) { span throws(StorageError) in
      let part = unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer[position..<position + span.length])
      position += span.length
      guard layout.places[span.file].isStored else {
        unsafe part.initializeMemory(as: UInt8.self, repeating: 0)
        return
      }
      let count = try files.withFile(span.file, for: .reading) {
        descriptor throws(SystemCallError) in
        try unsafe files.fileSystem.readFully(descriptor, into: part, at: span.offset)
      }
      if count < part.count { isWhole = false }
    }
    return isWhole
  }

  /// Announces that a range of the torrent will be read soon.
  func prefetch(_ range: Range<Int64>) throws(StorageError) {
    try layout.forEachSpan(of: range) { span throws(StorageError) in
      guard layout.places[span.file].isStored else { return }
      try files.withFile(span.file, for: .reading) { descriptor in
        files.fileSystem.prefetch(
          descriptor, span.offset..<span.offset + Int64(span.length))
      }
    }
  }

  private func write(
    _ span: FileSpan, _ bytes: UnsafeRawBufferPointer
  ) throws(StorageError) {
    let range = span.offset..<span.offset + Int64(bytes.count)
    try files.withFile(span.file, for: .writing(range)) {
      descriptor throws(SystemCallError) in
      var count = 0
      while count < bytes.count {
        unsafe count += try files.fileSystem.write(
          descriptor, UnsafeRawBufferPointer(rebasing: bytes[count...]),
          at: span.offset + Int64(count))
      }
    }
  }

  /// Returns whether a file already contains these bytes, which are read in steps to bound the
  /// memory.
  private func matches(
    _ span: FileSpan, _ bytes: UnsafeRawBufferPointer
  ) throws(StorageError) -> Bool {
    let step = min(bytes.count, 256 << 10)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 64)
    defer { unsafe buffer.deallocate() }
    return try files.withFile(span.file, for: .reading) { descriptor throws(SystemCallError) in
      var position = 0
      while position < bytes.count {
        let part = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer[..<min(step, bytes.count - position)])
        let count = try unsafe files.fileSystem.readFully(
          descriptor, into: part, at: span.offset + Int64(position))
        let wanted = unsafe bytes[position..<position + part.count]
        guard count == part.count, unsafe part.elementsEqual(wanted) else { return false }
        position += count
      }
      return true
    }
  }

  /// Returns the parts of a range that are stored in files, with their place in the range.
  private func parts(of range: Range<Int64>) -> [(span: FileSpan, range: Range<Int>)] {
    var parts: [(span: FileSpan, range: Range<Int>)] = []
    var position = 0
    layout.forEachSpan(of: range) { span in
      if layout.places[span.file].isStored {
        parts.append((span, position..<position + span.length))
      }
      position += span.length
    }
    return parts
  }
}
