internal import CPosix
internal import Glibc
internal import Primitives

/// An owned descriptor that is closed exactly once, when its owner releases it.
struct SocketDescriptor: ~Copyable {
  /// The descriptor's number, valid as long as this value lives.
  let rawValue: Int32

  /// Takes ownership of an open descriptor.
  init(owning rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Opens a non-blocking TCP socket for the family of `address`.
  static func stream(for address: IPAddress) throws(NetworkError) -> SocketDescriptor {
    let descriptor = cposix_stream_socket(address.isIPv6 ? AF_INET6 : AF_INET)
    guard descriptor >= 0 else { throw .lastSystemError("socket") }
    return SocketDescriptor(owning: descriptor)
  }

  /// Opens a non-blocking UDP socket for the family of `address`.
  static func datagrams(for address: IPAddress) throws(NetworkError) -> SocketDescriptor {
    let descriptor = cposix_datagram_socket(address.isIPv6 ? AF_INET6 : AF_INET)
    guard descriptor >= 0 else { throw .lastSystemError("socket") }
    return SocketDescriptor(owning: descriptor)
  }

  deinit {
    // Linux releases the descriptor even when close reports an error.
    _ = close(rawValue)
  }
}

extension NetworkError {
  /// Returns the failure of the system call that has just set `errno`.
  static func lastSystemError(_ call: String) -> NetworkError {
    .system(call: call, code: errno)
  }
}
