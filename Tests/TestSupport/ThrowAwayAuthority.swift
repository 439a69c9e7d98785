/// A certificate authority of one test, and certificates for `localhost`.
///
/// URLSession trusts the system's bundle only, so a program that shall trust the authority runs in a
/// mount namespace of its own in which the authority's certificate lies over that bundle.
package struct ThrowAwayAuthority: Sendable {
  /// Who vouches for a certificate.
  package enum Signer: String, Sendable {
    /// The authority.
    case authority
    /// The certificate itself.
    case itself
  }

  private let folder: String

  /// Makes `authority.pem` with its authority, or `itself.pem`, each with a `.key`, in the folder.
  package init(in folder: String, signer: Signer = .authority) async throws {
    self.folder = folder
    let outcome = try await ProcessRunner.run(
      ["sh", "-c", Self.script, "sh", folder, signer.rawValue])
    guard outcome.ending == .exited(0) else {
      throw ProcessError.conditionNotMet("certificates are made: \(outcome.errors)")
    }
  }

  /// The command with trust in the authority.
  package func trusted(by command: [String]) -> [String] {
    let mount = "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec \"$@\""
    return ["unshare", "--mount"] + TestNeeds.userNamespace
      + ["sh", "-c", mount, "\(folder)/ca.pem"] + command
  }

  /// Whether this machine has what it takes.
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
