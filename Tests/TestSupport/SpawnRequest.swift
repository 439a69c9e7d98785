import Foundation
import Glibc
import Synchronization

/// The system calls that start a program: descriptors, environment and signals.
struct SpawnRequest {
  let command: [String]
  let outputPath: String
  let errorPath: String
  let environment: [String: String]

  /// Starts the program; returns its process id and the write end of its standard input.
  func spawn() throws -> (pid: pid_t, input: Int32) {
    var pipe: [Int32] = [-1, -1]
    guard Glibc.pipe(&pipe) == 0 else { throw failure(errno) }
    defer { close(pipe[0]) }
    // Programs started later must not inherit the pipe, or it would outlive this process.
    _ = fcntl(pipe[1], F_SETFD, FD_CLOEXEC)
    _ = fcntl(pipe[0], F_SETFD, FD_CLOEXEC)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_adddup2(&actions, pipe[0], STDIN_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, flags, 0o644)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errorPath, flags, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    resetSignals(&attributes)
    var merged = ProcessInfo.processInfo.environment
    merged.merge(environment) { _, new in new }
    var pid: pid_t = 0
    let code = withCStrings(command) { arguments in
      withCStrings(merged.map { "\($0.key)=\($0.value)" }) { variables in
        posix_spawnp(&pid, command[0], &actions, &attributes, arguments, variables)
      }
    }
    guard code == 0 else {
      close(pipe[1])
      throw failure(code)
    }
    return (pid, pipe[1])
  }

  /// Restores default signal handling, whatever the test process ignores or blocks.
  private func resetSignals(_ attributes: inout posix_spawnattr_t) {
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&defaults, number) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  }

  private func failure(_ code: Int32) -> ProcessError {
    .notStarted(command: command.joined(separator: " "), code: code)
  }

  private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}

/// The exit status of a child, which is reaped only once because its process id may be reused.
final class LockedEnding: Sendable {
  private let known = Mutex<ProcessEnding?>(nil)

  func poll(_ pid: pid_t) -> ProcessEnding? { look(at: pid, options: WNOHANG) }

  func reap(_ pid: pid_t) { _ = look(at: pid, options: 0) }

  private func look(at pid: pid_t, options: Int32) -> ProcessEnding? {
    known.withLock { known in
      if known != nil { return known }
      var status: Int32 = 0
      guard waitpid(pid, &status, options) == pid else { return nil }
      known = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
      return known
    }
  }
}
