/// What the process tells its caller in its exit status.
///
/// Where aria2 has a number for the same meaning, ours is the same. The README's table is the
/// documentation that scripts rely on; a test compares the two.
package enum ExitStatus: Int32, CaseIterable, Sendable {
  /// Every byte is verified and in place.
  case success = 0
  /// Anything that has no number of its own.
  case failure = 1
  /// A deadline passed before the data was complete.
  case deadlinePassed = 2
  /// The source does not exist.
  case sourceNotFound = 3
  /// Less came than the least speed that was asked for.
  case tooSlow = 5
  /// An address could not be used, or nobody could be reached.
  case networkFailure = 6
  /// No space is left where the data goes.
  case diskFull = 9
  /// Another run holds the output.
  case outputInUse = 12
  /// Files that are not ours would have to change.
  case outputExists = 13
  /// A file could not be read or written for another reason.
  case inputOutputFailure = 17
  /// The .torrent is not valid bencode.
  case badBencode = 25
  /// The .torrent is bencode, but not a valid torrent.
  case badTorrent = 26
  /// The magnet link is not valid.
  case badMagnet = 27
  /// The options or arguments make no sense.
  case badUsage = 28
  /// Data that had to be complete is not.
  case verificationFailed = 32

  /// The meaning in a few words, as help and README give it.
  package var meaning: String {
    switch self {
    case .success: "success: every byte is verified and in place"
    case .failure: "any other failure"
    case .deadlinePassed: "a time limit was reached: not complete in time, no data, or no peers"
    case .sourceNotFound: "the source does not exist"
    case .tooSlow: "slower than --min-speed"
    case .networkFailure:
      "network failure: nothing could be reached, or an address cannot be used"
    case .diskFull: "the disk is full"
    case .outputInUse: "another run is using this output"
    case .outputExists: "the output exists and may not be overwritten"
    case .inputOutputFailure: "any other input or output error"
    case .badBencode: "the torrent is not valid bencode"
    case .badTorrent: "the torrent is invalid"
    case .badMagnet: "the magnet link is invalid"
    case .badUsage: "invalid options or arguments"
    case .verificationFailed: "verification failed: data is missing or wrong"
    }
  }
}

/// Why a command ends without success: what happened, what to do about it, and the exit status.
package struct CommandFailure: Error, Equatable, Sendable {
  /// The exit status.
  package let status: ExitStatus
  /// What happened and to what, in one clause.
  package let message: String
  /// What the user can do about it; nil when there is nothing useful to say.
  package let hint: String?

  /// Creates a failure.
  package init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
    self.status = status
    self.message = message
    self.hint = hint
  }

  /// The same failure, its message beginning with the name of what failed unless it does anyway.
  package func prefixed(with name: String?) -> CommandFailure {
    guard let name, !message.hasPrefix(name) else { return self }
    return CommandFailure(status, "\(name): \(message)", hint: hint)
  }

  /// The lines for the standard error stream, safe for a terminal.
  package var text: String {
    let first = "swift-torrent: error: \(TerminalText.cleaned(message))\n"
    return hint.map { first + "  \(TerminalText.cleaned($0))\n" } ?? first
  }
}
