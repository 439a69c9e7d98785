/// A certificate authority of one test, and certificates for `localhost`.
///
/// URLSession trusts only the system's bundle. A program that has to trust the authority therefore
/// runs in its own mount namespace, where the authority's certificate is mounted over that bundle.
package struct ThrowAwayAuthority: Sendable {
  /// The signer of a certificate.
  package enum Signer: String, Sendable {
    /// The authority.
    case authority
    /// The certificate itself.
    case itself
  }

  private let folder: String

  /// Creates `authority.pem` and its authority, or `itself.pem`, each with a `.key`, in the folder.
  package init(in folder: String, signer: Signer = .authority) async throws {
    self.folder = folder
    let outcome = try await ProcessRunner.run(
      ["sh", "-c", Self.script, "sh", folder, signer.rawValue])
    guard outcome.ending == .exited(0) else {
      throw ProcessError.conditionNotMet("certificates are made: \(outcome.errors)")
    }
  }

  /// Returns a command that runs `command` with trust in the authority.
  package func trusted(by command: [String]) -> [String] {
    let mount = "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec \"$@\""
    return ["unshare", "--mount"] + TestNeeds.userNamespace
      + ["sh", "-c", mount, "\(folder)/ca.pem"] + command
  }

  /// A Boolean value indicating whether this host meets the requirements.
  package static var canBeTrusted: Bool {
    get async {
      guard TestNeeds.missing(of: ["openssl", "unshare", "mount"]).isEmpty else { return false }
      return await TestNeeds.canUnshare("--mount")
    }
  }

  private static let script = #"""
    set -eu
    cd "$1"
    printf 'subjectAltName=DNS:localhost\n' > ext
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem \
      -subj '/CN=Throw-away CA' -days 2
    openssl req -newkey rsa:2048 -nodes -keyout "$2.key" -out csr -subj /CN=localhost
    if [ "$2" = itself ]; then
      openssl x509 -req -in csr -signkey itself.key -days 2 -extfile ext -out itself.pem
    else
      openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile ext -out authority.pem
    fi
    """#
}
