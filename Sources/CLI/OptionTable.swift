import Download
import Primitives

/// One option: how it is written, what it does, and to which commands it belongs.
package struct OptionSpecification: Sendable {
  /// Sets what the option says; throws what was expected when the value makes no sense.
  typealias Action = @Sendable (inout Invocation, String) throws(ExpectedValue) -> Void

  /// The long name, with its dashes.
  package let name: String
  /// The short name, with its dash.
  package let shortName: String?
  /// What the value is called in the help; nil when the option takes none.
  package let placeholder: String?
  /// What the option does, in one line.
  package let summary: String
  /// The commands that know it.
  package let commands: Set<Command>
  /// Whether it may be given more than once.
  package let isRepeatable: Bool
  let action: Action

  init(
    _ name: String, short: String? = nil, value placeholder: String? = nil, _ summary: String,
    for commands: Set<Command>, isRepeatable: Bool = false, action: @escaping Action
  ) {
    self.name = name
    self.shortName = short
    self.placeholder = placeholder
    self.summary = summary
    self.commands = commands
    self.isRepeatable = isRepeatable
    self.action = action
  }

  /// The option as the help shows it: `-o, --output-dir DIR`.
  package var usage: String {
    (shortName.map { "\($0), " } ?? "    ") + name + (placeholder.map { " \($0)" } ?? "")
  }
}

/// What an option's value should have been.
struct ExpectedValue: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

/// Every option that works: the parser, the help and the README follow this one table.
package enum OptionTable {
  /// The options, in the order in which the help lists them.
  package static let all: [OptionSpecification] = output + network + messages

  private static let transfers: Set<Command> = [.download, .seed]
  private static let everything = Set(Command.allCases)

  private static let output = [
    OptionSpecification(
      "--output-dir", short: "-o", value: "DIR",
      "the folder that holds the data (default: the current folder)", for: transfers
    ) { invocation, text throws(ExpectedValue) in
      guard !text.isEmpty, !text.utf8.contains(0) else { throw ExpectedValue("a folder") }
      invocation.download.folder = text
    },
    OptionSpecification(
      "--overwrite", "change files at the target that are not ours", for: [.download]
    ) { invocation, _ in invocation.download.overwrite = true },
    OptionSpecification(
      "--memory", value: "SIZE", "the bound of piece buffers, such as 32M (default: 64M)",
      for: transfers
    ) { invocation, text throws(ExpectedValue) in
      guard let size = ByteText.parse(text), (1 << 20...1 << 36).contains(size) else {
        throw ExpectedValue("a size from 1M to 64G")
      }
      invocation.download.memoryLimit = Int(size)
    },
  ]

  private static let network = [
    OptionSpecification(
      "--port", value: "PORT", "listen for peers there (default: any free port)", for: transfers
    ) { invocation, text throws(ExpectedValue) in
      guard let port = UInt16(text) else { throw ExpectedValue("a port from 0 to 65535") }
      invocation.download.port = port
    },
    OptionSpecification(
      "--peer", value: "ADDRESS:PORT", "connect to this peer as well; may be repeated",
      for: transfers, isRepeatable: true
    ) { invocation, text throws(ExpectedValue) in
      invocation.download.peers.append(try endpoint(text))
    },
    OptionSpecification(
      "--max-peers", value: "N", "connections at most (default: 1000)", for: transfers
    ) { invocation, text throws(ExpectedValue) in
      invocation.download.maximumPeers = try number(text, in: 1...65535)
    },
    OptionSpecification(
      "--pipeline", value: "N", "keep N blocks requested from each peer (default: adaptive)",
      for: [.download]
    ) { invocation, text throws(ExpectedValue) in
      invocation.download.pipeline = try number(text, in: 1...65535)
    },
    OptionSpecification(
      "--tracker", value: "URL", "ask this http(s) tracker first; may be repeated",
      for: transfers, isRepeatable: true
    ) { invocation, text throws(ExpectedValue) in
      guard isTrackerURL(text) else { throw ExpectedValue("an http or https URL") }
      invocation.trackers.append(text)
    },
    OptionSpecification(
      "--no-tracker", "do not ask the trackers that the torrent names", for: transfers
    ) { invocation, _ in invocation.usesTorrentTrackers = false },
    OptionSpecification(
      "--listen", value: "ADDRESS:PORT", "where the tracker listens; port 0 is any free port",
      for: [.tracker]
    ) { invocation, text throws(ExpectedValue) in
      invocation.listenEndpoint = try endpoint(text, allowsAnyPort: true)
    },
  ]

  private static let messages = [
    OptionSpecification(
      "--quiet", short: "-q", "say nothing unless it fails", for: everything
    ) { invocation, _ in invocation.verbosity = .quiet },
    OptionSpecification(
      "--verbose", short: "-v", "also say what peers and trackers do", for: everything
    ) { invocation, _ in invocation.verbosity = .verbose },
    OptionSpecification("--help", short: "-h", "show the help of the command", for: everything) {
      invocation, _ in
      if invocation.command != .help { invocation.arguments = helpTopic(of: invocation.command) }
      invocation.command = .help
    },
    OptionSpecification("--version", Command.version.summary, for: everything) { invocation, _ in
      invocation.command = .version
      invocation.arguments = []
    },
  ]

  private static func helpTopic(of command: Command) -> [String] {
    Command.words.contains(command.rawValue) ? [command.rawValue] : []
  }

  private static func number(
    _ text: String, in range: ClosedRange<Int>
  ) throws(ExpectedValue) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw ExpectedValue("a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func endpoint(
    _ text: String, allowsAnyPort: Bool = false
  ) throws(ExpectedValue) -> Endpoint {
    guard let endpoint = Endpoint(text), allowsAnyPort || endpoint.port != 0 else {
      throw ExpectedValue(
        "a numeric address and a port, such as 192.0.2.1:6881 or [2001:db8::1]:6881")
    }
    return endpoint
  }

  private static func isTrackerURL(_ text: String) -> Bool {
    let schemes = ["http://", "https://"]
    let lowercased = text.lowercased()
    return text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      && schemes.contains { lowercased.hasPrefix($0) && lowercased.count > $0.count }
  }
}
