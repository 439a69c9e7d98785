import Primitives

/// A reader of the list of files, in one pass over bytes that a parser has already accepted.
///
/// There is no allocation per file.
struct FileListReader {
  /// The positions of the values of one entry, each -1 if it is missing.
  private struct Entry {
    var length = -1
    var path = -1
    var longPath = -1
    var attributes = -1
    var sum = -1
    var link = -1
  }

  let limits: MetainfoLimits
  private(set) var entries: [FileList.Entry] = []
  private(set) var sums: [UInt32] = []
  /// The files with unsafe paths, and the symbolic links, up to the limit on warnings.
  private(set) var unsafe: [Int] = []
  private(set) var links: [Int] = []
  private var offset: Int64 = 0

  init(limits: MetainfoLimits) {
    self.limits = limits
  }

  /// Reads the list that begins at a position of `bytes` and has this number of elements.
  mutating func read(
    _ bytes: UnsafeBufferPointer<UInt8>, at position: Int, count: Int
  ) throws(MetainfoError) {
    entries.reserveCapacity(count + 1)
    var cursor = unsafe BencodeCursor(bytes, at: position)
    cursor.step()
    while !cursor.isAtEnd { try unsafe readEntry(bytes, &cursor) }
    close()
  }

  /// Reads the fields of the only file from the `info` dictionary at a position.
  mutating func readSingle(
    _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) throws(MetainfoError) {
    var cursor = unsafe BencodeCursor(bytes, at: position)
    let entry = Self.fields(&cursor)
    var file = unsafe File(entry, of: bytes)
    if file.attributes.contains(.symlink) {
      _ = try unsafe Self.path(bytes, at: entry.link, field: "info.symlink path", limits)
    } else {
      file.length = try unsafe Self.length(bytes, at: entry.length, field: "info.length")
    }
    try append(file)
    close()
  }

  /// Appends an entry that marks the end of the last file.
  private mutating func close() {
    entries.append(
      FileList.Entry(offset: offset, path: 0, depth: 0, attributes: [], traits: []))
  }

  /// A file without its offset.
  private struct File {
    var path = 0
    var depth = 0
    var length: Int64 = 0
    var attributes: TorrentFile.Attributes = []
    var traits: NameTraits = []
    var sum = 0

    init(_ entry: Entry, of bytes: UnsafeBufferPointer<UInt8>) {
      if entry.attributes >= 0 {
        attributes = unsafe FileListReader.attributes(bytes, at: entry.attributes)
      }
      if entry.sum >= 0, unsafe BencodeCursor(bytes, at: entry.sum).isAtString { sum = entry.sum }
    }
  }

  private mutating func append(_ file: File) throws(MetainfoError) {
    if file.sum > 0 {
      if sums.isEmpty { sums = Array(repeating: 0, count: entries.count) }
      sums.append(UInt32(file.sum))
    } else if !sums.isEmpty {
      sums.append(0)
    }
    entries.append(
      FileList.Entry(
        offset: offset, path: UInt32(file.path), depth: UInt16(file.depth),
        attributes: file.attributes, traits: file.traits))
    let (end, overflow) = offset.addingReportingOverflow(file.length)
    guard !overflow else { throw .totalLengthOverflow }
    offset = end
  }

  private mutating func readEntry(
    _ bytes: UnsafeBufferPointer<UInt8>, _ cursor: inout BencodeCursor
  ) throws(MetainfoError) {
    let index = entries.count
    // The name is built for messages only.
    var name: String { "info.files[\(index)]" }
    guard cursor.mark == UInt8(ascii: "d") else {
      throw .wrongType(field: name, expected: "a dictionary")
    }
    let entry = Self.fields(&cursor)
    var file = unsafe File(entry, of: bytes)
    let isLong = unsafe entry.longPath >= 0 && BencodeCursor(bytes, at: entry.longPath).mark == 0x6C
    let path = isLong ? entry.longPath : entry.path
    // Padding is never stored, so it needs no path.
    if path >= 0 || !file.attributes.contains(.padding) {
      (file.path, file.depth, file.traits) = try unsafe Self.path(
        bytes, at: path, field: "\(name).path\(isLong ? ".utf-8" : "")", limits)
    }
    if file.attributes.contains(.symlink) {
      // A link has no data. The form of its target is checked, but no link is ever created.
      _ = try unsafe Self.path(bytes, at: entry.link, field: "\(name).symlink path", limits)
      if links.count < limits.warnings { links.append(index) }
    } else {
      file.length = try unsafe Self.length(bytes, at: entry.length, field: "\(name).length")
      if file.traits.contains(.unsafe), !file.attributes.contains(.padding),
        unsafe.count < limits.warnings
      {
        unsafe.append(index)
      }
    }
    try append(file)
  }

  // MARK: - Fields

  /// Skips a dictionary and returns the positions of the relevant values.
  private static func fields(_ cursor: inout BencodeCursor) -> Entry {
    var entry = Entry()
    cursor.step()
    while !cursor.isAtEnd {
      let key = cursor.string()
      let value = cursor.position
      cursor.skip()
      switch key.count {
      case 4 where cursor.matches(key, "path"): entry.path = value
      case 4 where cursor.matches(key, "attr"): entry.attributes = value
      case 6 where cursor.matches(key, "length"): entry.length = value
      case 6 where cursor.matches(key, "md5sum"): entry.sum = value
      case 10 where cursor.matches(key, "path.utf-8"): entry.longPath = value
      case 12 where cursor.matches(key, "symlink path"): entry.link = value
      default: break
      }
    }
    cursor.step()
    return entry
  }

  private static func length(
    _ bytes: UnsafeBufferPointer<UInt8>, at position: Int, field: @autoclosure () -> String
  ) throws(MetainfoError) -> Int64 {
    guard position >= 0 else { throw .missing(field: field()) }
    var cursor = unsafe BencodeCursor(bytes, at: position)
    guard cursor.mark == UInt8(ascii: "i") else {
      throw .wrongType(field: field(), expected: "an integer")
    }
    let length = cursor.integer()
    guard length >= 0 else { throw .negativeLength(field: field()) }
    return length
  }

  /// Reads a list of names; returns the position of the first one, their number and their traits.
  private static func path(
    _ bytes: UnsafeBufferPointer<UInt8>, at position: Int, field: @autoclosure () -> String,
    _ limits: MetainfoLimits
  ) throws(MetainfoError) -> (start: Int, depth: Int, NameTraits) {
    guard position >= 0 else { throw .missing(field: field()) }
    var cursor = unsafe BencodeCursor(bytes, at: position)
    guard cursor.mark == UInt8(ascii: "l") else {
      throw .wrongType(field: field(), expected: "a list")
    }
    cursor.step()
    let start = cursor.position
    guard !cursor.isAtEnd else { throw .emptyPath(field: field()) }
    var depth = 0
    var traits: NameTraits = []
    var isText = true
    while !cursor.isAtEnd {
      depth += 1
      guard depth - 1 <= min(limits.directoryDepth, Int(UInt16.max) - 1) else {
        throw .pathTooDeep(field: field(), limit: limits.directoryDepth)
      }
      if cursor.isAtString {
        unsafe traits.formUnion(NameTraits(UnsafeBufferPointer(rebasing: bytes[cursor.string()])))
      } else {
        isText = false
        cursor.skip()
      }
    }
    guard isText else { throw .wrongType(field: field(), expected: "a list of strings") }
    return (start, depth, traits)
  }

  private static func attributes(
    _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> TorrentFile.Attributes {
    var cursor = unsafe BencodeCursor(bytes, at: position)
    guard cursor.isAtString else { return [] }
    var attributes: TorrentFile.Attributes = []
    for index in cursor.string() {
      switch unsafe bytes[index] {
      case UInt8(ascii: "x"): attributes.insert(.executable)
      case UInt8(ascii: "h"): attributes.insert(.hidden)
      case UInt8(ascii: "p"): attributes.insert(.padding)
      case UInt8(ascii: "l"): attributes.insert(.symlink)
      default: break  // later versions may define more
      }
    }
    return attributes
  }
}
