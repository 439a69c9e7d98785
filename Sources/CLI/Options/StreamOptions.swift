/// The amount of messages on standard error.
package enum Verbosity: Sendable {
  /// Only failures.
  case quiet
  /// Progress and important messages.
  case normal
  /// The activity of peers and trackers as well.
  case verbose
}

/// The use of colours.
package enum ColorChoice: String, CaseIterable, Sendable {
  /// Colours on a terminal, unless `NO_COLOR` is set.
  case auto
  /// Colours always.
  case always
  /// No colours.
  case never
}

/// The display of progress.
package enum ProgressStyle: String, CaseIterable, Sendable {
  /// A live view on a terminal, and plain lines elsewhere.
  case auto
  /// A live view, even if standard error is not a terminal.
  case bar
  /// A plain line every ten seconds at most.
  case plain
  /// No progress.
  case none
}

/// The options for messages and output.
package struct StreamOptions: Sendable {
  /// The amount of messages on standard error.
  package var verbosity = Verbosity.normal
  /// A Boolean value indicating whether results and events are written to standard output as JSON.
  package var json = false
  /// The use of colours.
  package var color = ColorChoice.auto
  /// The display of progress.
  package var progress = ProgressStyle.auto
  /// The file to which messages are appended.
  package var logFile: String?

  /// Creates the default options.
  package init() {}
}
