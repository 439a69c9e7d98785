internal import Primitives

/// The rules by which the environment sends plain HTTP requests through a proxy.
///
/// The variables are the same as curl's. `http_proxy` counts in lower case only, because a CGI
/// server sets `HTTP_PROXY` from a request header. `all_proxy` is the fallback. `no_proxy` lists
/// names, domains, addresses and networks, and `*` matches every host. Unlike curl, we never use a
/// proxy for a loopback host.
package struct ProxyRules: Sendable {
  private let isSet: Bool
  private let exceptions: [Substring]

  /// Reads the variables through `value`.
  package init(_ value: (_ name: String) -> String?) {
    let proxies = ["http_proxy", "all_proxy", "ALL_PROXY"]
    isSet = proxies.contains { value($0)?.isEmpty == false }
    let text = value("no_proxy") ?? value("NO_PROXY") ?? ""
    exceptions = text.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" }
  }

  /// Returns whether requests to a host, a name or an address without brackets, go through a proxy.
  func apply(to host: String) -> Bool {
    guard isSet, host != "localhost", !host.hasSuffix(".localhost") else { return false }
    let address = IPAddress(host)
    if address?.isLoopback == true { return false }
    return !exceptions.contains { Self.isException($0, host: host, address: address) }
  }

  private static func isException(
    _ entry: Substring, host: String, address: IPAddress?
  ) -> Bool {
    if entry == "*" { return true }
    let entry = entry.hasPrefix("[") && entry.hasSuffix("]") ? entry.dropFirst().dropLast() : entry
    if let address { return contains(address, in: entry) }
    let name = entry.hasPrefix(".") ? entry.dropFirst() : entry
    let host = host.hasSuffix(".") ? host.dropLast() : host[...]
    return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
  }

  /// Returns whether an entry is this address or a network that contains it.
  private static func contains(_ address: IPAddress, in entry: Substring) -> Bool {
    let parts = entry.split(separator: "/", maxSplits: 1)
    guard let first = parts.first, let network = IPAddress(String(first)),
      network.isIPv6 == address.isIPv6
    else { return false }
    let bytes = address.networkBytes
    guard parts.count == 2 else { return network == address }
    guard let length = Int(parts[1]), (0...bytes.count * 8).contains(length) else { return false }
    return zip(network.networkBytes, bytes).enumerated().allSatisfy { index, pair in
      let bits = min(max(length - index * 8, 0), 8)
      return (pair.0 ^ pair.1) >> (8 - bits) == 0
    }
  }
}
