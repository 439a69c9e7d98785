import Glibc
import Storage

/// Finds data that is not all there, so that no torrent is made of it: a file or folder beside which
/// a state file of ours lies.
///
/// Nor do state files, and the part files beside them, belong into a torrent. A file of another
/// program that only has such a name is a file like any other.
struct UnfinishedDownloads {
  /// The state files of what would be published, by their paths.
  private var states: [[UInt8]] = []
  /// How the first of them could be left out; nil when that is no way out.
  private var exclusion: [UInt8]?

  private static let suffix = Array(StateFileMark.suffix.utf8)
  /// What else a download leaves under its state file's name.
  private static let companions = StateFileMark.companionEndings.map { Array($0.utf8) }

  /// The names in a folder that go into a torrent, but for those that `isExcluded` leaves out.
  ///
  /// A state file counts unless the user leaves out all that it can stand for.
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
      // Without a folder of their own, the torrent's files may be any of those in this folder.
      let isLeftOut = data.isEmpty ? isExcluded(state) : data.allSatisfy(isExcluded)
      guard !isLeftOut else { continue }
      if states.isEmpty { exclusion = data.first }
      states.append(folder + [UInt8(ascii: "/")] + state)
    }
    return rest.filter { !isExcluded($0) }
  }

  /// Looks whether a path is an unfinished download or lies in one, or is what one leaves beside it.
  mutating func look(around path: String) {
    guard let real = realpath(path, nil) else { return }
    defer { free(real) }
    var place = Array(UnsafeBufferPointer(start: real, count: strlen(real))).map(
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

  /// Why no torrent is made; nil when nothing is unfinished.
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

  /// Whether a state file has the name that a download of this name gives it.
  private static func stands(_ state: [UInt8], for name: [UInt8]) -> Bool {
    let stem = state.dropLast(suffix.count)
    guard stem.starts(with: name) else {
      // A name that leaves no room for the ending was cut.
      return stem.count >= 200 && name.starts(with: stem)
    }
    let rest = stem.dropFirst(name.count)
    return rest.isEmpty
      || [9, 17, 41].contains(rest.count) && rest.first == UInt8(ascii: ".")
        && rest.dropFirst().allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
  }

  /// Whether a regular file holds a record of ours.
  private static func isState(_ path: [UInt8]) -> Bool {
    let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = FileTree.withPath(path) { open($0, flags) }
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    var bytes = [UInt8](repeating: 0, count: StateFileMark.searchedLength)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    return count > 0 && StateFileMark.isPresent(in: bytes.prefix(count))
  }
}
