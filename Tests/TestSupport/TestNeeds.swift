import Foundation

/// What some tests need of the machine besides the toolchain.
///
/// A plain `swift test` leaves out the suites whose needs are not met, and says so; where
/// `SWIFT_TORRENT_REQUIRE_CLIENTS` is 1, as `Tests/run` and CI set it, they run and fail.
package enum TestNeeds {
  /// Whether a need that is not met is a failure.
  package static let areRequired =
    ProcessInfo.processInfo.environment["SWIFT_TORRENT_REQUIRE_CLIENTS"] == "1"

  /// What makes `unshare` work for whoever runs the tests: as root a namespace is enough, else it
  /// takes a user namespace around it.
  package static var userNamespace: [String] {
    geteuid() == 0 ? [] : ["--user", "--map-root-user"]
  }

  /// How to allow namespaces, for messages.
  package static let namespaceAdvice = """
    Run the tests as root, or allow unprivileged user namespaces:
      sysctl -w kernel.unprivileged_userns_clone=1              (Debian)
      sysctl -w kernel.apparmor_restrict_unprivileged_userns=0  (Ubuntu 24.04 and later)
    In a container: docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt apparmor=unconfined
    """

  /// Those of the programs that are not installed.
  package static func missing(of programs: [String]) -> [String] {
    programs.filter { ProcessRunner.find($0) == nil }
  }

  /// Whether we may make namespaces of this kind, given as an option of `unshare`.
  package static func canUnshare(_ kind: String) async -> Bool {
    let outcome = try? await ProcessRunner.run(["unshare", kind] + userNamespace + ["true"])
    return outcome?.ending == .exited(0)
  }

  /// Prints that suites are left out, in a line that a reader of the whole output can look for.
  package static func note(leftOut suites: String, because reason: String) {
    print("left out: \(suites)\n  because: \(reason)")
  }
}
