import Primitives

/// A torrent's files, in its order.
///
/// A file takes 16 bytes: its path stays where it is in the torrent, and is read there when somebody
/// asks for it.
public struct FileList: RandomAccessCollection, Sendable {
  /// What is kept of a file; one more at the end has the length of all files for its offset.
  @usableFromInline
  struct Entry: Sendable {
    @usableFromInline let offset: Int64
    /// Where the path's names begin in the source, each with its length before it.
    let path: UInt32
    /// How many names the path has there; none for a single file, and for filling without a path.
    let depth: UInt16
    @usableFromInline let attributes: TorrentFile.Attributes
    let traits: NameTraits
  }

  @usableFromInline let entries: [Entry]
  /// The `info` dictionary; positions count from its slice's start.
  private let source: ArraySlice<UInt8>
  /// The torrent's name.
  private let name: FileName
  private let isMultiFile: Bool
  /// Where the MD5 sums are in the source, one a file, 0 for none; empty when no file has one.
  private let sums: [UInt32]
  /// The traits of all names of stored files but the torrent's own.
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

  /// The first file's number.
  @inlinable public var startIndex: Int { 0 }

  /// The number of files.
  @inlinable public var endIndex: Int { entries.count - 1 }

  /// A file by its number.
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

  /// Where a file's bytes lie in the torrent.
  @inlinable
  public func range(of index: Int) -> Range<Int64> {
    entries[index].offset..<entries[index + 1].offset
  }

  /// Whether a file exists on disk: it is neither padding nor a symbolic link.
  @inlinable
  public func isStored(_ index: Int) -> Bool {
    entries[index].attributes.isDisjoint(with: [.padding, .symlink])
  }

  /// The bytes of all files.
  var totalLength: Int64 { entries.last?.offset ?? 0 }

  /// The traits of a file's names but the torrent's own.
  package func traits(of index: Int) -> NameTraits { entries[index].traits }
}

extension FileList: Hashable {
  /// Whether both have the same files.
  public static func == (left: FileList, right: FileList) -> Bool {
    left.elementsEqual(right)
  }

  /// Hashes where the files lie.
  public func hash(into hasher: inout Hasher) {
    for entry in entries { hasher.combine(entry.offset) }
  }
}
