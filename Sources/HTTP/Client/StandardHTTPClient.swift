package import Networking
package import Primitives

/// The live client, which uses our own connections for plain HTTP and URLSession for HTTPS and
/// proxies.
///
/// URLSession on Linux rejects IPv6 literals, cannot be told which address to use, and costs about
/// 25 MiB and 20 to 40 ms on first use. It therefore serves only what needs it: TLS, whose
/// certificates it checks against the system's trust store, and the proxies of the environment.
/// This class follows redirects itself, one hop at a time, so that `URLPolicy` judges every address
/// that a request goes to. For HTTPS that takes a separate look-up just before the request, which
/// URLSession repeats.
@Reactor
package final class StandardHTTPClient: HTTPClient {
  private let network: any Network
  private let clock: any LoopClock
  private let proxies: ProxyRules
  private let plain: any HTTPHop
  private let system: any HTTPHop
  /// A Boolean value indicating whether URLSession serves plain HTTP as well, as it does for a
  /// proxy.
  private let prefersSystem: Bool

  /// Creates a client, which costs nothing until the first request.
  ///
  /// `userAgent`, such as `swift-torrent/0.1.0`, is sent with every request.
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
  /// - Parameter request: The URL and the limits.
  /// - Throws: The reason why there is no response; `.cancelled` if the task was cancelled.
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

  /// Returns the addresses of a URL's host from which `HTTPRequest.address` may choose.
  @Reactor
  package func addresses(of url: String) async -> [IPAddress] {
    do throws(HTTPError) {
      let url = try HTTPURL(url)
      return isForSystem(url) ? [] : try await resolve(url)
    } catch {
      // The caller sends the request next, and that will report the error.
      return []
    }
  }

  /// Downloads a range of a file straight into the caller's memory.
  package func download(
    _ request: HTTPRangeRequest, over connection: HTTPConnection, into sink: any HTTPBodySink
  ) async throws(HTTPError) {
    guard request.range.lowerBound >= 0, !request.range.isEmpty,
      request.range.upperBound <= request.fileLength
    else { throw .badResponse("the requested range is outside the file") }
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

  /// The start of a request.
  private struct Trip: Sendable {
    var url: HTTPURL
    let policy: URLPolicy
    let maximumRedirects: Int
    var pinnedAddress: IPAddress?
    var cameFromAfar = false
  }

  /// The end of a request after its redirects.
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
      // A connection of URLSession's cannot be reused by us.
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

  /// Returns the addresses that the policy allows.
  ///
  /// Our own connections use only those. URLSession chooses an address by itself, so all of them
  /// must be allowed. A name that only the proxy can resolve is left to the proxy.
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
