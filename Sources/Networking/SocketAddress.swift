internal import CPosix
internal import Glibc
internal import Primitives

/// Conversions between endpoints and the kernel's socket addresses.
enum SocketAddress {
  /// Calls `body` with the socket address of `endpoint`.
  static func with<Result>(
    _ endpoint: Endpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var storage = sockaddr_storage()
    let bytes = endpoint.address.networkBytes
    let length = unsafe cposix_make_address(&storage, bytes, bytes.count, endpoint.port)
    return unsafe withUnsafePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  /// Returns the endpoint in a socket address, or nil for a family other than IPv4 and IPv6.
  static func endpoint(of address: UnsafePointer<sockaddr>) -> Endpoint? {
    var bytes = [UInt8](repeating: 0, count: 16)
    var port: UInt16 = 0
    let count = unsafe cposix_read_address(address, &bytes, &port)
    return IPAddress(networkBytes: bytes[..<count]).map { Endpoint(address: $0, port: port) }
  }

  /// Returns the endpoint that a call such as `getsockname` fills in, or nil if the call fails.
  static func endpoint(
    filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> Endpoint? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutablePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe call(address, &length) >= 0 ? endpoint(of: address) : nil
      }
    }
  }

  /// Returns the local endpoint of a socket.
  static func local(of socket: borrowing SocketDescriptor) -> Endpoint? {
    let descriptor = socket.rawValue
    return unsafe endpoint { unsafe getsockname(descriptor, $0, $1) }
  }
}
