import Metainfo

/// The source of a torrent, as named on the command line.
package enum SourceArgument: Hashable, Sendable, CustomStringConvertible {
  /// A .torrent file.
  case file(String)
  /// A folder in which `seed` found no torrent.
  case folder(String)
  /// A .torrent on standard input.
  case standardInput
  /// The http or https URL of a .torrent.
  case url(String)
  /// A magnet link, or an info-hash alone.
  case magnet(String)

  /// Classifies a word; any word is a source, if only the path of a file.
  package init(_ word: String) {
    if word == "-" {
      self = .standardInput
    } else if MagnetLink.recognizes(word) {
      self = .magnet(word)
    } else if OptionText.isURL(word, schemes: ["http", "https"]) {
      self = .url(word)
    } else {
      self = .file(word)
    }
  }

  /// The original word, for messages.
  package var description: String {
    switch self {
    case .file(let path), .folder(let path): path
    case .standardInput: "-"
    case .url(let url): url
    case .magnet(let link): link
    }
  }

  /// Returns whether a command's arguments are sources.
  static func areTaken(by command: Command) -> Bool {
    switch command {
    case .download, .seed, .info, .verify, .scrape: true
    case .create, .tracker, .demo, .completions, .help, .version: false
    }
  }
}
