internal import Networking
internal import Primitives

/// Plain HTTP over our own connections.
///
/// They reach any address, including IPv6 literals, and read bodies from the socket straight into
/// their destination.
@Reactor
final class PlainHTTPHop: HTTPHop {
  private let network: any Network
  private let userAgent: String
  private let clock: any LoopClock

  init(network: any Network, clock: any LoopClock, userAgent: String) {
    self.network = network
    self.clock = clock
    self.userAgent = userAgent
  }

  func exchange(_ call: HTTPCall) async throws(HTTPError) -> HTTPResponseHead {
    let connection = call.connection
    // A server may close an idle connection at any time, even while the next request is in flight.
    if connection.leads(to: call.url, among: call.addresses),
      let head = try await converse(call, isReused: true)
    {
      return head
    }
    try await connect(call)
    guard let head = try await converse(call, isReused: false) else {
      throw .failed("the server closed the connection without a response")
    }
    return head
  }

  /// Tries the addresses in order; each but the last gets half of the timeout.
  private func connect(_ call: HTTPCall) async throws(HTTPError) {
    call.connection.close()
    var failure = HTTPError.failed("the host name has no address")
    for (index, address) in call.addresses.enumerated() {
      let isLast = index == call.addresses.count - 1
      do throws(NetworkError) {
        let transport = try await network.connect(
          to: Endpoint(address: address, port: call.url.port),
          timeout: isLast ? call.connectTimeout : call.connectTimeout / 2)
        call.connection.open(transport, to: call.url, at: address)
        return
      } catch {
        failure = HTTPError(error)
        if failure == .cancelled { break }
      }
    }
    throw failure
  }

  /// Sends the request and reads the response; returns nil if a reused connection turns out to be
  /// closed.
  private func converse(
    _ call: HTTPCall, isReused: Bool
  ) async throws(HTTPError) -> HTTPResponseHead? {
    guard let transport = call.connection.transport else { return nil }
    var conversation = PlainConversation(transport: transport, receiver: call.receiver)
    var isWhole = false
    defer { if !isWhole { call.connection.close() } }
    do throws(HTTPError) {
      try await conversation.send(
        HTTPRequestText.get(
          call.url, userAgent: userAgent, headers: call.headers, keepsAlive: call.keepsAlive))
      let head = try await conversation.readResponse()
      isWhole = call.keepsAlive && conversation.mayContinue
      return head
    } catch {
      guard isReused, conversation.isUntouched, error != .cancelled else { throw error }
      return nil
    }
  }
}

extension HTTPError {
  /// Converts a network error.
  init(_ error: NetworkError) {
    switch error {
    case .timedOut: self = .timedOut
    case .cancelled: self = .cancelled
    case .unknownHost, .system: self = .failed("\(error)")
    }
  }
}
