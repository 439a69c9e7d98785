internal import CPosix
internal import Glibc
internal import Primitives

/// A socket address as the kernel takes it, and back.
enum SocketAddress {
  /// Calls `body` with the socket address of `endpoint`.
  static func with<Result>(
    _ endpoint: Endpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var storage = sockaddr_storage()
    let bytes = endpoint.address.networkBytes
    let length = cposix_make_address(&storage, bytes, bytes.count, endpoint.port)
    return withUnsafePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// The endpoint in a socket address; nil for a family other than IPv4 and IPv6.
  static func endpoint(of address: UnsafePointer<sockaddr>) -> Endpoint? {
    var bytes = [UInt8](repeating: 0, count: 16)
    var port: UInt16 = 0
    let count = cposix_read_address(address, &bytes, &port)
    return IPAddress(networkBytes: bytes[..<count]).map { Endpoint(address: $0, port: port) }
  }

  /// The endpoint that a call such as `getsockname` fills in; nil when it fails.
  static func endpoint(
    filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> Endpoint? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        call(address, &length) >= 0 ? endpoint(of: address) : nil
      }
    }
  }

  /// Our own side of a socket.
  static func local(of socket: borrowing SocketDescriptor) -> Endpoint? {
    let descriptor = socket.rawValue
    return endpoint { getsockname(descriptor, $0, $1) }
  }
}
