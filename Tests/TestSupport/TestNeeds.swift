import Foundation

/// The requirements of some tests besides the toolchain.
///
/// A plain `swift test` skips suites whose requirements are not met, and says so. With
/// `SWIFT_TORRENT_REQUIRE_CLIENTS` set to 1, as in `Tests/run` and in CI, they run and fail.
package enum TestNeeds {
  /// A Boolean value indicating whether an unmet requirement is a failure.
  package static let areRequired =
    ProcessInfo.processInfo.environment["SWIFT_TORRENT_REQUIRE_CLIENTS"] == "1"

  /// The options that let the current user call `unshare`: none for root, and else a user
  /// namespace.
  package static var userNamespace: [String] {
    geteuid() == 0 ? [] : ["--user", "--map-root-user"]
  }

  /// Instructions for allowing namespaces, for messages.
  package static let namespaceAdvice = """
    Run the tests as root, or allow unprivileged user namespaces:
      sysctl -w kernel.unprivileged_userns_clone=1              (Debian)
      sysctl -w kernel.apparmor_restrict_unprivileged_userns=0  (Ubuntu 24.04 and later)
    In a container: docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt apparmor=unconfined
    """

  /// Returns the programs that are not installed.
  package static func missing(of programs: [String]) -> [String] {
    programs.filter { ProcessRunner.find($0) == nil }
  }

  /// Returns whether we can create namespaces of a kind, given as an option of `unshare`.
  package static func canUnshare(_ kind: String) async -> Bool {
    let outcome = try? await ProcessRunner.run(["unshare", kind] + userNamespace + ["true"])
    return outcome?.ending == .exited(0)
  }

  /// Prints that suites are skipped, in a line that is easy to find in the output.
  package static func note(leftOut suites: String, because reason: String) {
    print("left out: \(suites)\n  because: \(reason)")
  }
}
