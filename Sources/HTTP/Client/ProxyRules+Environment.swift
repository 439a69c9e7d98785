internal import Glibc

extension ProxyRules {
  /// Returns the rules set by this process's environment.
  package static func ofEnvironment() -> ProxyRules {
    ProxyRules { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
  }
}
