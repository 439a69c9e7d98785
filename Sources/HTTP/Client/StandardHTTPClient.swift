package import Networking
package import Primitives

/// The live client: plain http over our own connections, https and proxies through URLSession.
///
/// URLSession on Linux refuses IPv6 literals, can't be told which address to use, and costs about
/// 25 MiB and 20 to 40 ms at its first use, so it is touched only for what needs it: TLS, whose
/// certificates it checks against the system's, and the proxies of the environment. Redirects are
/// followed here, one hop after the other, so that `URLPolicy` judges each address that a request
/// goes to. For https that is a look-up of our own just before; URLSession repeats it.
@Reactor
package final class StandardHTTPClient: HTTPClient {
  private let network: any Network
  private let clock: any LoopClock
  private let proxies: ProxyRules
  private let plain: any HTTPHop
  private let system: any HTTPHop
  /// Whether URLSession gets plain http as well, as it does for a proxy.
  private let prefersSystem: Bool

  /// Creates a client; costs nothing until the first request.
  ///
  /// `userAgent` is sent with every request, such as `swift-torrent/0.1.0`.
  package convenience init(
    userAgent: String, network: any Network, clock: any LoopClock,
    proxies: ProxyRules = .ofEnvironment()
  ) {
    self.init(
      userAgent: userAgent, network: network, clock: clock, proxies: proxies, prefersSystem: false)
  }

  init(
    userAgent: String, network: any Network, clock: any LoopClock, proxies: ProxyRules,
    prefersSystem: Bool
  ) {
    self.network = network
    self.clock = clock
    self.proxies = proxies
    self.prefersSystem = prefersSystem
    plain = PlainHTTPHop(network: network, clock: clock, userAgent: userAgent)
    system = URLSessionHop(userAgent: userAgent)
  }

  // MARK: - HTTPClient

  /// Fetches a resource with GET.
  ///
  /// - Parameter request: What to fetch and within which bounds.
  /// - Throws: Why there is no response; `.cancelled` when the task was cancelled.
  /// - Returns: The whole response.
  @Reactor
  package func get(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let collector = ResponseCollector(limit: request.maximumBodyLength)
    let connection = HTTPConnection()
    defer { connection.close() }
    var trip = Trip(
      url: try HTTPURL(request.url), policy: request.policy,
      maximumRedirects: request.maximumRedirects)
    trip.pinnedAddress = request.address
    let call = HTTPCall(
      url: trip.url, headers: request.headers, connectTimeout: request.connectTimeout,
      connection: connection, receiver: collector)
    let start = trip
    let arrival = try await ExchangeDeadline(after: request.timeout, clock: clock).run {
      await self.result { () async throws(HTTPError) in try await self.travel(start, call) }
    }.get()
    return HTTPResponse(status: arrival.head.status, body: collector.body)
  }

  /// The addresses of a URL's host among which `HTTPRequest.address` may choose.
  @Reactor
  package func addresses(of url: String) async -> [IPAddress] {
    do throws(HTTPError) {
      let url = try HTTPURL(url)
      return isForSystem(url) ? [] : try await resolve(url)
    } catch {
      // Whoever asks sends the request next, and hears the reason from that.
      return []
    }
  }

  /// Fetches a range of a file straight into the caller's memory.
  package func download(
    _ request: HTTPRangeRequest, over connection: HTTPConnection, into sink: any HTTPBodySink
  ) async throws(HTTPError) {
    guard request.range.lowerBound >= 0, !request.range.isEmpty,
      request.range.upperBound <= request.fileLength
    else { throw .badResponse("there is no such range") }
    var trip = Trip(
      url: try HTTPURL(request.url), policy: request.policy,
      maximumRedirects: request.maximumRedirects)
    if let shortcut = connection.shortcut, shortcut.from == request.url {
      trip.url = shortcut.to
      trip.cameFromAfar = shortcut.cameFromAfar
    }
    connection.shortcut = nil
    let deadline = ExchangeDeadline(
      after: request.stallTimeout + request.connectTimeout, clock: clock)
    let call = HTTPCall(
      url: trip.url, headers: [Self.rangeField(request.range)],
      connectTimeout: request.connectTimeout, keepsAlive: true, connection: connection,
      receiver: RangeReceiver(request, sink: sink, deadline: deadline))
    let start = trip
    let arrival = try await deadline.run {
      await self.result { () async throws(HTTPError) in try await self.travel(start, call) }
    }.get()
    if arrival.url != (try HTTPURL(request.url)) {
      connection.shortcut = HTTPConnection.Shortcut(
        from: request.url, to: arrival.url, cameFromAfar: arrival.cameFromAfar)
    }
  }

  private static func rangeField(_ range: Range<Int64>) -> (name: String, value: String) {
    (name: "Range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
  }

  private func result<Value: Sendable>(
    _ body: @Reactor () async throws(HTTPError) -> Value
  ) async -> Result<Value, HTTPError> {
    do throws(HTTPError) {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }

  // MARK: - Redirects

  /// Where a request begins.
  private struct Trip: Sendable {
    var url: HTTPURL
    let policy: URLPolicy
    let maximumRedirects: Int
    var pinnedAddress: IPAddress?
    var cameFromAfar = false
  }

  /// Where it ended.
  private struct Arrival: Sendable {
    let head: HTTPResponseHead
    let url: HTTPURL
    let cameFromAfar: Bool
  }

  private func travel(_ trip: Trip, _ call: HTTPCall) async throws(HTTPError) -> Arrival {
    var url = trip.url
    var cameFromAfar = trip.cameFromAfar
    for hop in 0...max(0, trip.maximumRedirects) {
      let addresses = try await permittedAddresses(
        of: url, trip, cameFromAfar: cameFromAfar, pinned: hop == 0 ? trip.pinnedAddress : nil)
      let isForSystem = isForSystem(url)
      var call = HTTPCall(
        url: url, headers: call.headers, addresses: addresses, connectTimeout: call.connectTimeout,
        keepsAlive: call.keepsAlive, connection: call.connection, receiver: call.receiver)
      // One that URLSession serves has no connection that could be used again.
      if isForSystem { call.connection.close() }
      call.keepsAlive = call.keepsAlive && !isForSystem
      let head = try await (isForSystem ? system : plain).exchange(call)
      guard let location = head.redirect else {
        return Arrival(head: head, url: url, cameFromAfar: cameFromAfar)
      }
      cameFromAfar =
        cameFromAfar
        || !(isForSystem
          ? addresses.contains { $0.isLocal } : call.connection.address?.isLocal == true)
      url = try url.resolving(location)
    }
    throw .tooManyRedirects(limit: trip.maximumRedirects)
  }

  private func isForSystem(_ url: HTTPURL) -> Bool {
    url.isSecure || prefersSystem || proxies.apply(to: url.host)
  }

  /// The addresses that the policy allows.
  ///
  /// Our own connections use only those. URLSession chooses by itself, so that all must be allowed;
  /// what only a proxy can resolve is its business.
  private func permittedAddresses(
    of url: HTTPURL, _ trip: Trip, cameFromAfar: Bool, pinned: IPAddress?
  ) async throws(HTTPError) -> [IPAddress] {
    let isForSystem = isForSystem(url)
    let found: [IPAddress]
    do throws(HTTPError) {
      found = if let pinned { [pinned] } else { try await resolve(url) }
    } catch {
      guard isForSystem, error != .cancelled else { throw error }
      return []
    }
    var permitted: [IPAddress] = []
    var objection: URLObjection?
    for address in found {
      if let found = trip.policy.objection(to: url, at: address, cameFromAfar: cameFromAfar) {
        objection = objection ?? found
      } else {
        permitted.append(address)
      }
    }
    if let objection, isForSystem || permitted.isEmpty { throw .refused(objection) }
    return permitted
  }

  private func resolve(_ url: HTTPURL) async throws(HTTPError) -> [IPAddress] {
    if let address = url.literalAddress { return [address] }
    do throws(NetworkError) {
      return try await network.resolve(host: url.host, port: url.port).map(\.address)
    } catch {
      throw HTTPError(error)
    }
  }
}
