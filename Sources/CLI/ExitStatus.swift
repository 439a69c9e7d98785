/// The exit status of the process.
///
/// The numbers are those of aria2 where the meaning is the same. Scripts rely on the README's
/// table, which a test compares with this type.
package enum ExitStatus: Int32, CaseIterable, Sendable {
  /// Every byte is verified and in place.
  case success = 0
  /// A failure that has no number of its own.
  case failure = 1
  /// A time limit passed before the data was complete.
  case deadlinePassed = 2
  /// The source does not exist.
  case sourceNotFound = 3
  /// The average speed was below the minimum speed.
  case tooSlow = 5
  /// Nothing could be reached, or an address could not be used.
  case networkFailure = 6
  /// The disk is full.
  case diskFull = 9
  /// Another run is using the output.
  case outputInUse = 12
  /// Files that are not this download's would have to change.
  case outputExists = 13
  /// A file could not be read or written for any other reason.
  case inputOutputFailure = 17
  /// The .torrent is not valid bencode.
  case badBencode = 25
  /// The .torrent is bencode but not a valid torrent.
  case badTorrent = 26
  /// The magnet link is invalid.
  case badMagnet = 27
  /// The options or arguments are invalid.
  case badUsage = 28
  /// Data that must be complete is missing or wrong.
  case verificationFailed = 32

  /// The meaning in a few words, as in the help and the README.
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

/// The failure of a command: a message, advice and the exit status.
package struct CommandFailure: Error, Equatable, Sendable {
  /// The exit status.
  package let status: ExitStatus
  /// The failure and its object, in one clause.
  package let message: String
  /// Advice to the user, if there is any.
  package let hint: String?

  /// Creates a failure.
  package init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
    self.status = status
    self.message = message
    self.hint = hint
  }

  /// Returns the same failure with a name in front of the message, unless it begins with that
  /// already.
  package func prefixed(with name: String?) -> CommandFailure {
    guard let name, !message.hasPrefix(name) else { return self }
    return CommandFailure(status, "\(name): \(message)", hint: hint)
  }

  /// The lines for standard error, safe for a terminal.
  package var text: String {
    let first = "swift-torrent: error: \(TerminalText.cleaned(message))\n"
    return hint.map { first + "  \(TerminalText.cleaned($0))\n" } ?? first
  }
}
