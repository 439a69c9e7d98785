import Metainfo
import Primitives

/// Finds out whether files of a torrent could get in each other's way: two of one path, or one whose
/// path is another's folder.
///
/// One pass over the names that allocates nothing for a plain one. It may err, though hardly ever, on
/// the side of saying yes.
struct TwinSearch {
  /// Hashes of paths, with the lowest bit telling files from folders; 0 is free.
  private var slots: [UInt64]
  private var count = 0

  private init(capacity: Int) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
  }

  /// Whether there are such files.
  ///
  /// - Parameters:
  ///   - files: A torrent's files.
  ///   - ignoringForms: Whether names that differ in case or Unicode form count as the same.
  /// - Returns: Whether there are any.
  static func finds(in files: FileList, ignoringForms: Bool) -> Bool {
    var search = TwinSearch(capacity: files.count)
    /// The path, folded, with a slash behind each name, and where its names end.
    var path: [UInt8] = []
    var ends: [Int] = []
    var lastFolder: [UInt8] = []
    for index in files.indices where files.isStored(index) {
      path.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      files[index].forEachName { name in
        append(name, to: &path, ignoringForms: ignoringForms)
        path.append(UInt8(ascii: "/"))
        ends.append(path.count)
      }
      let isNewFolder = !path[..<(ends.dropLast().last ?? 0)].elementsEqual(lastFolder)
      for (position, end) in ends.enumerated() {
        let isFile = position == ends.count - 1
        guard isFile || isNewFolder else { continue }
        if search.meets(path[..<end], isFile: isFile) { return true }
      }
      if isNewFolder { lastFolder = Array(path[..<(ends.dropLast().last ?? 0)]) }
    }
    return false
  }

  private static func append(
    _ name: UnsafeBufferPointer<UInt8>, to path: inout [UInt8], ignoringForms: Bool
  ) {
    guard ignoringForms else { return path.append(contentsOf: name) }
    let start = path.count
    var isASCII = true
    for byte in name {
      isASCII = isASCII && byte < 0x80
      path.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
    }
    guard !isASCII else { return }
    path.removeLast(path.count - start)
    // The hash of a string is that of its canonical form, whatever form it has.
    let text = String(decoding: name, as: UTF8.self).uppercased().lowercased()
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return path.append(contentsOf: text.utf8) }
    var hash = Hasher()
    hash.combine(text)
    withUnsafeBytes(of: hash.finalize()) { path.append(contentsOf: $0) }
  }

  /// Takes note of a path; whether it meets one that it must not.
  private mutating func meets(_ path: ArraySlice<UInt8>, isFile: Bool) -> Bool {
    if count * 2 >= slots.count { grow() }
    var hasher = Hasher()
    path.withUnsafeBytes { hasher.combine(bytes: $0) }
    let hash = UInt64(bitPattern: Int64(hasher.finalize())) | 2
    let value = isFile ? hash | 1 : hash & ~1
    var slot = Int(truncatingIfNeeded: hash >> 2) & mask(of: slots)
    while slots[slot] != 0 {
      if slots[slot] | 1 == value | 1 { return isFile || slots[slot] & 1 == 1 }
      slot = (slot + 1) & mask(of: slots)
    }
    slots[slot] = value
    count += 1
    return false
  }

  private func mask(of slots: [UInt64]) -> Int { slots.count - 1 }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: 0, count: old.count * 2)
    for value in old where value != 0 {
      var slot = Int(truncatingIfNeeded: value >> 2) & mask(of: slots)
      while slots[slot] != 0 { slot = (slot + 1) & mask(of: slots) }
      slots[slot] = value
    }
  }
}
