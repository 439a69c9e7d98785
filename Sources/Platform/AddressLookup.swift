import Networking
package import Primitives

/// Turns names into addresses, for a program that has no loop of its own.
package enum AddressLookup {
  /// The reason why a name leads nowhere, in one clause.
  package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The clause.
    package let description: String
  }

  /// Returns the addresses of a host, each with the port, in the system's order of preference.
  package static func endpoints(host: String, port: UInt16) async -> Result<[Endpoint], Failure> {
    await withTaskExecutorPreference(Reactor.taskExecutor) {
      await resolve(host: host, port: port)
    }
  }

  @Reactor
  private static func resolve(host: String, port: UInt16) async -> Result<[Endpoint], Failure> {
    do throws(NetworkError) {
      return .success(try await LiveNetwork().resolve(host: host, port: port))
    } catch {
      return .failure(Failure(description: "\(error)"))
    }
  }

  /// Returns the addresses of a network interface: the first of IPv4, and the first of IPv6.
  package static func addresses(ofInterface name: String) -> Result<[IPAddress], Failure> {
    let all = NetworkInterfaces.addresses(of: name)
    let chosen = [all.first { !$0.isIPv6 }, all.first(where: \.isIPv6)].compactMap(\.self)
    if !chosen.isEmpty { return .success(chosen) }
    let names = NetworkInterfaces.names
    return .failure(
      Failure(
        description: names.contains(name)
          ? "the network interface \(name) has no usable address"
          : "there is no network interface \(name) that is up; there are: "
            + names.joined(separator: ", ")))
  }
}
