import Foundation
import Synchronization

/// How a process ended.
package enum ProcessEnding: Equatable, Sendable {
  /// It exited with this status.
  case exited(Int32)
  /// This signal ended it.
  case signalled(Int32)
}

/// Why a process could not be run to its end.
package enum ProcessError: Error, Equatable, CustomStringConvertible {
  case notStarted(command: String, code: Int32)
  case timedOut(command: String, output: String)
  case conditionNotMet(String)

  /// What happened, with what the process said.
  package var description: String {
    switch self {
    case .notStarted(let command, let code):
      "\(command) could not be started: \(String(cString: strerror(code)))"
    case .timedOut(let command, let output): "\(command) did not end in time; it said:\n\(output)"
    case .conditionNotMet(let condition): "waited in vain until \(condition)"
    }
  }
}

/// Another program that a test runs, with its output in files, so that no pipe can fill up.
///
/// It is killed when the last reference goes: keep the reference for as long as it shall run.
package final class ChildProcess: Sendable {
  /// The process's number.
  package let pid: Int32
  private let command: String
  private let outputPath: String
  private let errorPath: String
  private let terminal: PseudoTerminal?
  private let input: Mutex<Int32?>
  private let ending = LockedEnding()

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - command: The program, looked up in `PATH`, and its arguments.
  ///   - folder: Where the files with its output go.
  ///   - label: How these files are called.
  ///   - environment: Variables set besides those of this process.
  ///   - terminal: What its standard error is, instead of a file.
  /// - Throws: `ProcessError.notStarted`.
  package init(
    _ command: [String], logsIn folder: String, label: String, environment: [String: String] = [:],
    terminal: PseudoTerminal? = nil
  ) throws {
    self.command = command.joined(separator: " ")
    self.terminal = terminal
    outputPath = "\(folder)/\(label).out"
    errorPath = "\(folder)/\(label).err"
    let spawned = try SpawnRequest(
      command: command, outputPath: outputPath, errorPath: terminal?.path ?? errorPath,
      environment: environment
    ).spawn()
    pid = spawned.pid
    input = Mutex(spawned.input)
  }

  deinit {
    if ending.poll(pid) == nil {
      kill(pid, SIGKILL)
      ending.reap(pid)
    }
    closeInput()
  }

  /// Ends its standard input, which is a pipe that nothing is written to.
  package func closeInput() {
    input.withLock { descriptor in
      if let open = descriptor { close(open) }
      descriptor = nil
    }
  }

  /// What it has written to standard output so far.
  package var output: String { Self.text(outputPath) }

  /// What it has written to standard error so far.
  package var errors: String { terminal?.text ?? Self.text(errorPath) }

  /// Whether it has not ended yet.
  package var isRunning: Bool { ending.poll(pid) == nil }

  /// Sends it a signal, unless it has ended.
  package func signal(_ number: Int32) {
    if isRunning { kill(pid, number) }
  }

  /// Waits for its end.
  ///
  /// - Parameter timeout: After which it is killed.
  /// - Throws: `ProcessError.timedOut` with what it said.
  /// - Returns: How it ended.
  @discardableResult
  package func wait(timeout: Duration) async throws -> ProcessEnding {
    do {
      try await Condition.wait("\(command) ends", timeout: timeout) { !self.isRunning }
    } catch is ProcessError {
      kill(pid, SIGKILL)
      ending.reap(pid)
      throw ProcessError.timedOut(command: command, output: output + errors)
    }
    return ending.poll(pid) ?? .exited(-1)
  }

  /// Asks it to end, and kills it when it does not within five seconds.
  package func stop() async {
    signal(SIGTERM)
    // A process that does not end was killed by `wait`: that is all that is wanted here.
    _ = try? await wait(timeout: .seconds(5))
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Runs programs that end by themselves.
package enum ProcessRunner {
  /// Everything that a finished program left.
  package struct Outcome: Sendable {
    /// How it ended.
    package let ending: ProcessEnding
    /// What it wrote to standard output.
    package let output: String
    /// What it wrote to standard error.
    package let errors: String
  }

  /// Runs a program to its end.
  ///
  /// - Throws: When it can't be started or is not done in time.
  /// - Returns: How it ended and what it said.
  package static func run(
    _ command: [String], timeout: Duration = .seconds(60), environment: [String: String] = [:]
  ) async throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = try ChildProcess(
      command, logsIn: folder.path, label: "process", environment: environment)
    let ending = try await process.wait(timeout: timeout)
    return Outcome(ending: ending, output: process.output, errors: process.errors)
  }

  /// Where a program is, as the shell would find it; nil when it is not installed.
  package static func find(_ program: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
    return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }
}

/// Waits for something to become true, looking often.
package enum Condition {
  /// Returns as soon as `condition` holds.
  ///
  /// - Throws: `ProcessError.conditionNotMet` at the deadline, or cancellation.
  package static func wait(
    _ description: String, timeout: Duration, until condition: () async throws -> Bool
  ) async throws {
    let deadline = ContinuousClock.now + timeout
    while try await !condition() {
      guard ContinuousClock.now < deadline else {
        throw ProcessError.conditionNotMet(description)
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
