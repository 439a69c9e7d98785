import Foundation
import Synchronization
import TestSupport

/// The reason why there is no namespace to test in.
struct NamespaceError: Error, CustomStringConvertible {
  let said: String

  var description: String {
    """
    no network namespace could be made; it said: \(said)
    \(TestNeeds.namespaceAdvice)
    """
  }
}

/// A network of its own, which nothing outside can reach, and the processes that run in it.
///
/// A holder process keeps it open; when the tests end, in whatever way, the holder's standard input
/// closes, and it kills what still runs in the namespace.
final class TestNamespace: Sendable {
  /// The address of the tracker, and the source of connections that choose no other.
  static let host = "10.77.0.1"

  private let holder: ChildProcess
  private let logs: String
  private let processes = Mutex<[ChildProcess]>([])
  private var isRoot: Bool { geteuid() == 0 }

  private init(holder: ChildProcess, logs: String) {
    self.holder = holder
    self.logs = logs
  }

  /// Makes a namespace; the output of the programs that run in it goes to files in `logs`.
  static func make(logs: String) async throws -> TestNamespace {
    let script = FixtureFolder.repositoryPath("Tests/InteropTests/Scripts/namespace.sh")
    let holder = try ChildProcess(
      ["unshare", "--net"] + TestNeeds.userNamespace + ["sh", script], logsIn: logs,
      label: "namespace")
    do {
      try await Condition.wait("the namespace is ready", timeout: .seconds(10)) {
        holder.output.contains("READY") || !holder.isRunning
      }
    } catch is ProcessError {}
    guard holder.output.contains("READY") else { throw NamespaceError(said: holder.errors) }
    return TestNamespace(holder: holder, logs: logs)
  }

  /// Starts a program inside, which runs until it ends, is stopped, or the namespace goes.
  func start(_ command: [String], label: String) throws -> ChildProcess {
    let process = try ChildProcess(enter + command, logsIn: logs, label: label)
    processes.withLock { $0.append(process) }
    return process
  }

  /// Runs a program inside to its end.
  func run(
    _ command: [String], timeout: Duration = .seconds(30)
  ) async throws -> ProcessRunner.Outcome {
    try await ProcessRunner.run(enter + command, timeout: timeout)
  }

  /// Stops everything inside.
  func close() async {
    let started = processes.withLock { $0 }
    for process in started { process.signal(SIGTERM) }
    for process in started { await process.stop() }
    holder.closeInput()
    // The holder ends what is left, then itself; `wait` kills it when it is late.
    _ = try? await holder.wait(timeout: .seconds(5))
  }

  /// The words that show another user to a program that refuses to be root, as opentracker does.
  var asOrdinaryUser: [String] { isRoot ? [] : ["unshare", "--user", "--map-user=65534"] }

  private var enter: [String] {
    let user = isRoot ? [] : ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", String(holder.pid), "--net"] + user + ["--"]
  }
}
