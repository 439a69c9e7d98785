internal import Glibc

extension ProxyRules {
  /// The rules of this process's environment.
  package static func ofEnvironment() -> ProxyRules {
    ProxyRules { name in getenv(name).map { String(cString: $0) } }
  }
}
