import Foundation

/// A TCP port of the loopback that takes connections and never says a word.
package final class SilentServer: Sendable {
  /// Its port, which was free.
  package let port: UInt16
  private let descriptor: Int32

  /// Starts to listen, at any port unless one is named; the kernel takes the connections by itself.
  ///
  /// - Throws: When the loopback has no port to give, or the port is taken.
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

  /// A port of the loopback that was free a moment ago, for a program that must be given one.
  ///
  /// It is none of those that the kernel gives to connections, so that none takes it meanwhile.
  ///
  /// - Throws: When the loopback has no port to give.
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
