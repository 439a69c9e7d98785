/// How much is said on the standard error stream.
package enum Verbosity: Sendable {
  /// Nothing but failures.
  case quiet
  /// Progress and what matters.
  case normal
  /// Also what peers and trackers do.
  case verbose
}

/// When colours are used.
package enum ColorChoice: String, CaseIterable, Sendable {
  /// On a terminal, unless `NO_COLOR` is set.
  case auto
  /// Always.
  case always
  /// Never.
  case never
}

/// How progress is shown.
package enum ProgressStyle: String, CaseIterable, Sendable {
  /// A live view on a terminal, plain lines elsewhere.
  case auto
  /// A live view, whatever standard error is.
  case bar
  /// A plain line now and then.
  case plain
  /// Not at all.
  case none
}

/// What is said, where and how.
package struct StreamOptions: Sendable {
  /// How much is said on standard error.
  package var verbosity = Verbosity.normal
  /// Whether results and events go to standard output as JSON.
  package var json = false
  /// When colours are used.
  package var color = ColorChoice.auto
  /// How progress is shown.
  package var progress = ProgressStyle.auto
  /// The file that everything worth a line is appended to.
  package var logFile: String?

  /// The defaults.
  package init() {}
}
