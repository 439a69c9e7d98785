import Foundation
import Synchronization

/// The way a process ended.
package enum ProcessEnding: Equatable, Sendable {
  /// It exited with this status.
  case exited(Int32)
  /// This signal ended it.
  case signalled(Int32)
}

/// The reason why a process could not be run to its end.
package enum ProcessError: Error, Equatable, CustomStringConvertible {
  case notStarted(command: String, code: Int32)
  case timedOut(command: String, output: String)
  case conditionNotMet(String)

  /// A description of the failure, with the output of the process.
  package var description: String {
    switch self {
    case .notStarted(let command, let code):
      "\(command) could not be started: \(String(cString: strerror(code)))"
    case .timedOut(let command, let output): "\(command) did not end in time; it said:\n\(output)"
    case .conditionNotMet(let condition): "timed out waiting until \(condition)"
    }
  }
}

/// A child process whose output goes to files, so that no pipe can fill up.
///
/// It is killed when the last reference goes, so keep a reference for as long as it has to run.
package final class ChildProcess: Sendable {
  /// The process id.
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
  ///   - folder: The folder for the files with its output.
  ///   - label: The base name of these files.
  ///   - environment: Variables to set in addition to those of this process.
  ///   - terminal: A terminal to use as its standard error, instead of a file.
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

  /// Closes the pipe that is its standard input and that carries no data.
  package func closeInput() {
    input.withLock { descriptor in
      if let open = descriptor { close(open) }
      descriptor = nil
    }
  }

  /// The text written to standard output so far.
  package var output: String { Self.text(outputPath) }

  /// The text written to standard error so far.
  package var errors: String { terminal?.text ?? Self.text(errorPath) }

  /// A Boolean value indicating whether the process is still running.
  package var isRunning: Bool { ending.poll(pid) == nil }

  /// Sends a signal to the process, unless it has ended.
  package func signal(_ number: Int32) {
    if isRunning { kill(pid, number) }
  }

  /// Waits for the process to end.
  ///
  /// - Parameter timeout: The time after which the process is killed.
  /// - Throws: `ProcessError.timedOut` with the output of the process.
  /// - Returns: The way it ended.
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

  /// Asks the process to end, and kills it if it does not within five seconds.
  package func stop() async {
    signal(SIGTERM)
    // A process that does not end was killed by `wait`, which is all that is needed here.
    _ = try? await wait(timeout: .seconds(5))
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// A runner for programs that end by themselves.
package enum ProcessRunner {
  /// The results of a finished program.
  package struct Outcome: Sendable {
    /// The way it ended.
    package let ending: ProcessEnding
    /// The text written to standard output.
    package let output: String
    /// The text written to standard error.
    package let errors: String
  }

  /// Runs a program to its end.
  ///
  /// - Throws: An error if it cannot be started or does not end in time.
  /// - Returns: The way it ended, and its output.
  package static func run(
    _ command: [String], timeout: Duration = .seconds(60), environment: [String: String] = [:]
  ) async throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = try ChildProcess(
      command, logsIn: folder.path, label: "process", environment: environment)
    let ending = try await process.wait(timeout: timeout)
    return Outcome(ending: ending, output: process.output, errors: process.errors)
  }

  /// Returns the path of a program as the shell would find it, or nil if it is not installed.
  package static func find(_ program: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
    return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }
}

/// A wait for a condition that is polled often.
package enum Condition {
  /// Returns as soon as `condition` holds.
  ///
  /// - Throws: `ProcessError.conditionNotMet` at the deadline, or a cancellation error.
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
