import Foundation

/// A loopback TCP server that accepts connections and never sends anything.
package final class SilentServer: Sendable {
  /// The port it was given.
  package let port: UInt16
  private let descriptor: Int32

  /// Starts listening, at any port unless one is given; the kernel accepts the connections.
  ///
  /// - Throws: An error if there is no free port, or the port is taken.
  package init(port wanted: UInt16 = 0) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = wanted.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isListening else {
      throw ProcessError.notStarted(command: "a silent server", code: errno)
    }
  }

  /// Returns a loopback port that was free a moment ago, for a program that must be given one.
  ///
  /// It is outside the range of ephemeral ports, so that no connection takes it in the meantime.
  ///
  /// - Throws: An error if there is no free port.
  package static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      if let server = try? SilentServer(port: .random(in: 10_000..<32_768)) { return server.port }
    }
    return try SilentServer().port
  }

  deinit {
    close(descriptor)
  }
}
