internal import Glibc

extension ProxyRules {
  /// Returns the rules set by this process's environment.
  package static func ofEnvironment() -> ProxyRules {
    ProxyRules { name in getenv(name).map { String(cString: $0) } }
  }
}
