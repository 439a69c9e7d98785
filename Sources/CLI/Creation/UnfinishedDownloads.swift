import Glibc
import Storage

/// The unfinished downloads in or around a path that a torrent is to be made of.
///
/// A download is unfinished as long as its state file lies beside its data. Such data must not be
/// published, and neither must state files and part files themselves. A file that only has such a
/// name, without the content of a state file, is an ordinary file.
struct UnfinishedDownloads {
  /// The paths of the state files whose data would be published.
  private var states: [[UInt8]] = []
  /// The name whose exclusion leaves out the first of them, if there is one.
  private var exclusion: [UInt8]?

  private static let suffix = Array(StateFileMark.suffix.utf8)
  /// The suffixes of the other files that a download keeps next to its state file.
  private static let companions = StateFileMark.companionEndings.map { Array($0.utf8) }

  /// Returns the names in a folder that belong in a torrent, without those that are excluded.
  ///
  /// A state file is recorded unless the user has excluded all the data that it can belong to.
  mutating func filter(
    _ names: [[UInt8]], in folder: [UInt8], isExcluded: ([UInt8]) -> Bool
  ) -> [[UInt8]] {
    let found = names.filter { name in
      name.count > Self.suffix.count && name.reversed().starts(with: Self.suffix.reversed())
        && Self.isState(folder + [UInt8(ascii: "/")] + name)
    }
    guard !found.isEmpty else { return names.filter { !isExcluded($0) } }
    let own = found.flatMap { state in [state] + Self.companions.map { state + $0 } }
    let rest = names.filter { !own.contains($0) }
    for state in found {
      let data = rest.filter { Self.stands(state, for: $0) }
      // With --flat, any file in this folder may be one of the torrent's.
      let isLeftOut = data.isEmpty ? isExcluded(state) : data.allSatisfy(isExcluded)
      guard !isLeftOut else { continue }
      if states.isEmpty { exclusion = data.first }
      states.append(folder + [UInt8(ascii: "/")] + state)
    }
    return rest.filter { !isExcluded($0) }
  }

  /// Records the state file that a path is, belongs to, or lies under.
  mutating func look(around path: String) {
    guard let real = unsafe realpath(path, nil) else { return }
    defer { unsafe free(real) }
    var place = unsafe Array(UnsafeBufferPointer(start: real, count: strlen(real))).map(
      UInt8.init(bitPattern:))
    for ending in [[]] + Self.companions where place.reversed().starts(with: ending.reversed()) {
      let state = Array(place.dropLast(ending.count))
      if state.reversed().starts(with: Self.suffix.reversed()), Self.isState(state) {
        return states.append(state)
      }
    }
    while let slash = place.lastIndex(of: UInt8(ascii: "/")), slash < place.count - 1 {
      if Self.isState(place + Self.suffix) { return states.append(place + Self.suffix) }
      place.removeSubrange(slash...)
    }
  }

  /// The failure that prevents the torrent; nil if no download is unfinished.
  var failure: CommandFailure? {
    guard let first = states.first else { return nil }
    let shown = TerminalText.cleaned(utf8: first)
    let more = states.count > 1 ? " (and \(states.count - 1) more such files)" : ""
    let way = exclusion.map { ", or leave it out: --exclude '\(TerminalText.cleaned(utf8: $0))'" }
    return CommandFailure(
      .verificationFailed,
      "\(shown) belongs to a download that is not complete, so its data is not all there\(more)",
      hint: "finish the download first\(way ?? "")")
  }

  /// Returns whether a state file can belong to a download with this name.
  private static func stands(_ state: [UInt8], for name: [UInt8]) -> Bool {
    let stem = state.dropLast(suffix.count)
    guard stem.starts(with: name) else {
      // A long name was shortened to make room for the suffix.
      return stem.count >= 200 && name.starts(with: stem)
    }
    let rest = stem.dropFirst(name.count)
    return rest.isEmpty
      || [9, 17, 41].contains(rest.count) && rest.first == UInt8(ascii: ".")
        && rest.dropFirst().allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
  }

  /// Returns whether a path is a regular file with the content of a state file.
  private static func isState(_ path: [UInt8]) -> Bool {
    let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = unsafe FolderNames.withPath(path) { unsafe open($0, flags) }
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return false
    }
    var bytes = [UInt8](repeating: 0, count: StateFileMark.searchedLength)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
    }
    return count > 0 && StateFileMark.isPresent(in: bytes.prefix(count))
  }
}
