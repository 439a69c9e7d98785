/// The recognition of state files without their torrent.
package enum StateFileMark {
  /// The suffix of a state file's name.
  package static let suffix = StateFile.suffix
  /// The suffixes of the files beside a state file, appended to its name: of the part file and of
  /// temporary files.
  package static let companionEndings = [PartFile.suffix] + StateFile.temporaryEndings
  /// The number of bytes at the start of a file that are examined.
  package static let searchedLength = 256

  /// Returns whether bytes are the start of a record, with any version and any torrent.
  package static func isPresent(in bytes: some Collection<UInt8>) -> Bool {
    let lines = bytes.prefix(searchedLength).split(
      separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count == 3 else { return false }
    let words = Array(StateRecord.format.utf8.prefix { !(0x30...0x39).contains($0) })
    let version = lines[0].dropFirst(words.count)
    return lines[0].starts(with: words) && !version.isEmpty
      && version.allSatisfy { (0x30...0x39).contains($0) }
      && lines[1].count == 40
      && lines[1].allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
  }
}
