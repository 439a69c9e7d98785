import Metainfo
import Primitives

/// A search for conflicts between a torrent's files: two with the same path, or one whose path is
/// another's folder.
///
/// It is one pass over the names, without allocations for plain ones. In rare cases it reports a
/// conflict that does not exist.
struct TwinSearch {
  /// The hashes of paths, whose lowest bit distinguishes files from folders; 0 marks a free slot.
  private var slots: [UInt64]
  private var count = 0

  private init(capacity: Int) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
  }

  /// Returns whether there are conflicts.
  ///
  /// - Parameters:
  ///   - files: A torrent's files.
  ///   - ignoringForms: True if case and Unicode normalization are ignored in comparisons.
  /// - Returns: True if there are conflicts.
  static func finds(in files: FileList, ignoringForms: Bool) -> Bool {
    var search = TwinSearch(capacity: files.count)
    /// The folded path, with a slash after each name, and the ends of its names.
    var path: [UInt8] = []
    var ends: [Int] = []
    var lastFolder: [UInt8] = []
    for index in files.indices where files.isStored(index) {
      path.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      unsafe files[index].forEachName { name in
        unsafe append(name, to: &path, ignoringForms: ignoringForms)
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
    guard ignoringForms else { return unsafe path.append(contentsOf: name) }
    let start = path.count
    var isASCII = true
    for index in name.indices {
      let byte = unsafe name[index]
      isASCII = isASCII && byte < 0x80
      path.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
    }
    guard !isASCII else { return }
    path.removeLast(path.count - start)
    // The hash of a string is that of its canonical form, so normalization does not matter.
    let text = unsafe String(decoding: name, as: UTF8.self).uppercased().lowercased()
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return path.append(contentsOf: text.utf8) }
    var hash = Hasher()
    hash.combine(text)
    unsafe withUnsafeBytes(of: hash.finalize()) { unsafe path.append(contentsOf: $0) }
  }

  /// Records a path; returns whether it conflicts with an earlier one.
  private mutating func meets(_ path: ArraySlice<UInt8>, isFile: Bool) -> Bool {
    if count * 2 >= slots.count { grow() }
    var hasher = Hasher()
    unsafe path.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
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
