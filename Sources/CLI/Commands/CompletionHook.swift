import Glibc
import Platform

/// The facts about a download for the program of `--on-complete`, as environment variables.
package struct HookFacts: Sendable {
  /// The variables in the order of the manual.
  package static let variables: [(name: String, meaning: String)] = [
    ("SWIFT_TORRENT_NAME", "the torrent's name"),
    ("SWIFT_TORRENT_PATH", "the absolute path of the downloaded file or folder"),
    ("SWIFT_TORRENT_INFO_HASH", "the info-hash in hexadecimal"),
    ("SWIFT_TORRENT_BYTES", "the size of the torrent, in bytes"),
    ("SWIFT_TORRENT_SOURCE", "the source as given on the command line"),
  ]

  let output: CompletedOutput
  let source: String

  var values: [String] {
    [output.name, output.path, output.infoHash, String(output.bytes), source]
  }
}

/// A run of the `--on-complete` program, without a shell and with its output on standard error.
struct CompletionHook {
  let command: [String]
  let facts: HookFacts
  /// The interval between checks for the program's end.
  private static let interval = Duration.milliseconds(20)
  /// The number of checks after SIGTERM until the program is killed.
  private static let patience = 50

  /// Runs the program to its end.
  ///
  /// A call of `stop` sends it SIGTERM, and kills it if it does not end.
  ///
  /// - Returns: The failure; nil if the program exited with status 0.
  func run(_ stop: StopSwitch) async -> CommandFailure? {
    let child: pid_t
    switch spawn() {
    case .success(let pid): child = pid
    case .failure(let failure): return failure
    }
    return await wait(for: child, stop)
  }

  private func wait(for child: pid_t, _ stop: StopSwitch) async -> CommandFailure? {
    var turnsLeft = Self.patience
    var status: Int32 = 0
    while true {
      let result = unsafe waitpid(child, &status, WNOHANG)
      if result == child { return failure(status) }
      if result == -1, errno != EINTR {
        return CommandFailure(.failure, "\(title): \(Console.message(for: errno))")
      }
      if stop.isStopped {
        if turnsLeft == Self.patience { kill(child, SIGTERM) }
        if turnsLeft == 0 { kill(child, SIGKILL) }
        turnsLeft -= 1
      }
      // Cancellation arrives by way of `stop`, and a sleep that is cut short only makes the next
      // check earlier.
      await RunClock.sleep(for: Self.interval)
    }
  }

  private var title: String { "--on-complete '\(command[0])'" }

  private func failure(_ status: Int32) -> CommandFailure? {
    let signal = status & 0x7F
    if signal != 0 { return CommandFailure(.failure, "\(title) was killed by signal \(signal)") }
    let code = status >> 8 & 0xFF
    return code == 0 ? nil : CommandFailure(.failure, "\(title) exited with status \(code)")
  }

  private func spawn() -> Result<pid_t, CommandFailure> {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    // Standard output is reserved for results and events.
    unsafe posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    restoreSignals(&attributes)
    var child: pid_t = 0
    let code = unsafe withCStrings(command) { words in
      unsafe withCStrings(environment) { variables in
        unsafe posix_spawnp(&child, command[0], &actions, &attributes, words, variables)
      }
    }
    guard code == 0 else {
      return .failure(
        CommandFailure(.failure, "\(title) could not be run: \(Console.message(for: code))"))
    }
    return .success(child)
  }

  /// Restores the signal actions that the program would have without us.
  ///
  /// Signals with a handler get their default action by themselves, and signals that were ignored
  /// before us stay ignored.
  private func restoreSignals(_ attributes: inout posix_spawnattr_t) {
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    for number in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&defaults, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  }

  /// Our own environment with the facts added.
  private var environment: [String] {
    var variables: [String] = []
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      unsafe variables.append(String(cString: entry))
      unsafe next += 1
    }
    let names = HookFacts.variables.map(\.name)
    let others = variables.filter { entry in !names.contains { entry.hasPrefix($0 + "=") } }
    return others + zip(names, facts.values).map { "\($0)=\($1)" }
  }

  private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = unsafe strings.map { unsafe strdup($0) }
    defer {
      for index in unsafe copies.indices { unsafe free(copies[index]) }
    }
    return unsafe body(copies + [nil])
  }
}
