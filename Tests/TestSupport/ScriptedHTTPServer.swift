import Foundation
package import Networking
package import Primitives

/// An HTTP server whose answers are scripted by a test, over real or simulated sockets.
@Reactor
package final class ScriptedHTTPServer {
  /// A request of a client.
  package struct Request: Sendable {
    /// The whole head, without the empty line.
    package let head: String
    /// The path and the query.
    package let target: String
    /// The range in the `Range` field.
    package let range: Range<Int>?
    /// The number of the connection, from 0.
    package let connection: Int
  }

  /// An answer of the server.
  package enum Answer: Sendable {
    /// Sends bytes and waits for the next request.
    case bytes([UInt8])
    /// Sends bytes and closes the connection.
    case lastBytes([UInt8])
    /// Never answers.
    case silence
  }

  /// The address on which the server listens.
  package let endpoint: Endpoint
  /// All requests so far.
  package private(set) var requests: [Request] = []
  private let listener: any Listener
  private let answer: @Reactor (Request) -> Answer
  private var transports: [any Transport] = []

  /// Starts listening.
  ///
  /// - Throws: An error if the port is taken.
  package init(
    at endpoint: Endpoint, network: any Network, answer: @escaping @Reactor (Request) -> Answer
  ) throws(NetworkError) {
    listener = try network.listen(at: endpoint)
    self.endpoint = listener.endpoint
    self.answer = answer
  }

  /// The number of connections made by clients.
  package var connectionCount: Int { transports.count }

  /// Serves until stopped.
  package func run() async {
    await withDiscardingTaskGroup { group in
      while let transport = await listener.accept() {
        let number = transports.count
        transports.append(transport)
        group.addTask { await self.serve(transport, number) }
      }
      group.cancelAll()
    }
  }

  /// Closes the server and all its connections.
  package func stop() {
    listener.close()
    for transport in transports { transport.close() }
  }

  /// Returns a response with a length and additional header lines, each with its line end.
  package nonisolated static func response(
    _ status: Int, _ fields: String = "", body: [UInt8] = []
  ) -> [UInt8] {
    Array("HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\n\(fields)\r\n".utf8) + body
  }

  /// Returns the response of a range-capable server that has this file.
  package nonisolated static func file(_ content: [UInt8], to request: Request) -> [UInt8] {
    guard let range = request.range else { return response(200, body: content) }
    guard range.upperBound <= content.count else { return response(416) }
    let field =
      "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.count)\r\n"
    return response(206, field, body: Array(content[range]))
  }

  private func serve(_ transport: any Transport, _ number: Int) async {
    defer { transport.close() }
    var received: [UInt8] = []
    while !Task.isCancelled {
      guard let head = await readHead(transport, &received) else { return }
      let request = Self.request(head, number)
      requests.append(request)
      switch answer(request) {
      case .bytes(let bytes): guard await send(bytes, over: transport) else { return }
      case .lastBytes(let bytes):
        _ = await send(bytes, over: transport)
        return
      case .silence:
        await Wakeup().wait()
        return
      }
    }
  }

  /// Writes a body in parts, because `writeAll` copies the remainder on each attempt.
  private func send(_ bytes: [UInt8], over transport: any Transport) async -> Bool {
    for start in stride(from: 0, to: bytes.count, by: 65536) {
      let part = Array(bytes[start..<min(start + 65536, bytes.count)])
      guard await transport.writeAll(part) else { return false }
    }
    return true
  }

  private func readHead(_ transport: any Transport, _ received: inout [UInt8]) async -> String? {
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if let end = text.range(of: "\r\n\r\n") {
        let head = String(text[..<end.lowerBound])
        received.removeFirst(head.utf8.count + 4)
        return head
      }
      var buffer = [UInt8](repeating: 0, count: 4096)
      switch transport.read(&buffer, count: buffer.count) {
      case .bytes(let count): received += buffer[..<count]
      case .wouldBlock:
        guard !Task.isCancelled else { return nil }
        await transport.waitUntilReadable()
      case .closed, .failed: return nil
      }
    }
  }

  private nonisolated static func request(_ head: String, _ connection: Int) -> Request {
    let target = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    var range: Range<Int>?
    for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("range: bytes=") {
      let ends = line.dropFirst(13).split(separator: "-").compactMap { Int($0) }
      if ends.count == 2, ends[0] <= ends[1] { range = ends[0]..<ends[1] + 1 }
    }
    return Request(head: head, target: target, range: range, connection: connection)
  }
}
