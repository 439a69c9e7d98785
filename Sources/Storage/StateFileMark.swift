/// How a state file is recognised when its torrent is not at hand.
package enum StateFileMark {
  /// The end of a state file's name.
  package static let suffix = StateFile.suffix
  /// The endings that the names of the files beside it add to its own: of the part file, and of the
  /// state while it is being written.
  package static let companionEndings = [PartFile.suffix] + StateFile.temporaryEndings
  /// The number of bytes, from the start of the file, that are looked at.
  package static let searchedLength = 256

  /// Whether the first bytes of a file are those of a record, of whatever version and torrent.
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
