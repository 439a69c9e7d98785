internal import Glibc
package import Primitives

/// The network interfaces of this machine and their addresses.
package enum NetworkInterfaces {
  /// The names of those that are up, each once, in the system's order.
  package static var names: [String] {
    var names: [String] = []
    for entry in entries where !names.contains(entry.name) { names.append(entry.name) }
    return names
  }

  /// Returns the addresses of an interface that connections can come from, in the system's order.
  ///
  /// Link-local IPv6 addresses are left out: they mean nothing without the interface's number.
  package static func addresses(of name: String) -> [IPAddress] {
    entries.compactMap { entry in
      guard entry.name == name, let address = entry.address else { return nil }
      if case .v6(let high, _) = address, high >> 54 == 0xFE80 >> 6 { return nil }
      return address
    }
  }

  private struct Entry {
    let name: String
    let address: IPAddress?
  }

  private static var entries: [Entry] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else { return [] }
    defer { unsafe freeifaddrs(list) }
    var entries: [Entry] = []
    var next = unsafe list
    while let current = unsafe next {
      let flags = unsafe CInt(bitPattern: current.pointee.ifa_flags)
      if flags & CInt(IFF_UP) != 0 {
        unsafe entries.append(
          Entry(
            name: String(cString: current.pointee.ifa_name),
            address: current.pointee.ifa_addr.flatMap {
              unsafe SocketAddress.endpoint(of: $0)?.address
            }))
      }
      unsafe next = current.pointee.ifa_next
    }
    return entries
  }
}
