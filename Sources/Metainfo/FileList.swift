import Primitives

/// A torrent's files in the torrent's order.
///
/// A file takes 16 bytes. Its path stays in the torrent's bytes, and is read from there on each
/// access.
public struct FileList: RandomAccessCollection, Sendable {
  /// The stored facts of a file; an additional entry at the end has the total length as its offset.
  @usableFromInline
  struct Entry: Sendable {
    @usableFromInline let offset: Int64
    /// The position in the source of the path's first name; each name is preceded by its length.
    let path: UInt32
    /// The number of names in the source; 0 for a single file, and for padding without a path.
    let depth: UInt16
    @usableFromInline let attributes: TorrentFile.Attributes
    let traits: NameTraits
  }

  @usableFromInline let entries: [Entry]
  /// The `info` dictionary; positions count from the start of this slice.
  private let source: ArraySlice<UInt8>
  /// The torrent's name.
  private let name: FileName
  private let isMultiFile: Bool
  /// The positions of the MD5 sums in the source, 0 for files without one; empty if no file has
  /// one.
  private let sums: [UInt32]
  /// The traits of all names of stored files, except for the torrent's name.
  package let traits: NameTraits

  init(
    entries: [Entry], source: ArraySlice<UInt8>, name: FileName, isMultiFile: Bool,
    sums: [UInt32]
  ) {
    self.entries = entries
    self.source = source
    self.name = name
    self.isMultiFile = isMultiFile
    self.sums = sums
    traits = entries.reduce(into: []) { traits, entry in
      if entry.attributes.isDisjoint(with: [.padding, .symlink]) {
        traits.formUnion(entry.traits)
      }
    }
  }

  /// The index of the first file.
  @inlinable public var startIndex: Int { 0 }

  /// The number of files.
  @inlinable public var endIndex: Int { entries.count - 1 }

  /// Returns the file at an index.
  public subscript(index: Int) -> TorrentFile {
    let entry = entries[index]
    return TorrentFile(
      index: index, length: entries[index + 1].offset - entry.offset, offset: entry.offset,
      attributes: entry.attributes,
      path: TorrentPath(
        source: source, start: source.startIndex + Int(entry.path), depth: Int(entry.depth),
        folder: isMultiFile ? name : nil, single: isMultiFile ? nil : name),
      sum: sums.isEmpty || sums[index] == 0 ? nil : source.startIndex + Int(sums[index]))
  }

  /// Returns the range of a file within the torrent, in bytes.
  @inlinable
  public func range(of index: Int) -> Range<Int64> {
    entries[index].offset..<entries[index + 1].offset
  }

  /// Returns whether a file exists on disk: it is neither padding nor a symbolic link.
  @inlinable
  public func isStored(_ index: Int) -> Bool {
    entries[index].attributes.isDisjoint(with: [.padding, .symlink])
  }

  /// The total length of all files, in bytes.
  var totalLength: Int64 { entries.last?.offset ?? 0 }

  /// Returns the traits of a file's names, except for the torrent's name.
  package func traits(of index: Int) -> NameTraits { entries[index].traits }
}

extension FileList: Hashable {
  /// Returns whether two lists have the same files.
  public static func == (left: FileList, right: FileList) -> Bool {
    left.elementsEqual(right)
  }

  /// Hashes the offsets of the files.
  public func hash(into hasher: inout Hasher) {
    for entry in entries { hasher.combine(entry.offset) }
  }
}
