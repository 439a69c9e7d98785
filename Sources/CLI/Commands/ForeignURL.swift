/// A URL whose scheme is not supported for sources.
package struct ForeignURL: Hashable, Sendable {
  private let text: String
  private let scheme: String

  /// Parses `scheme://…` with any scheme except http and https; nil for other text.
  package init?(_ text: String) {
    guard let range = text.firstRange(of: "://") else { return nil }
    let scheme = text[..<range.lowerBound].lowercased()
    let isScheme = scheme.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D
    }
    guard !scheme.isEmpty, isScheme, scheme != "http", scheme != "https" else { return nil }
    self.text = text
    self.scheme = scheme
  }

  /// The failure of a source that is such a URL.
  package var failure: CommandFailure {
    CommandFailure(.badUsage, "\(text): \(scheme):// URLs are not supported", hint: hint)
  }

  private var hint: String {
    switch scheme {
    case "file": "leave out file://, and write the path alone"
    case "udp", "ws", "wss": "it looks like a tracker; name it with --tracker URL"
    default: "give an http or https URL, or fetch the .torrent with another program first"
    }
  }
}
