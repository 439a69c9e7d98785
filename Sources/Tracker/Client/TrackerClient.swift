package import HTTP
internal import Networking
package import Primitives

/// A client for HTTP trackers (BEP 3, BEP 48); each call is one request.
package struct TrackerClient: Sendable {
  /// The maximum length of a reply, in bytes.
  package static let maximumReplyLength = 1 << 20

  /// The time limit for connecting when IPv4 and IPv6 are tried concurrently.
  ///
  /// A machine without working IPv6 must not lose more time than this at every announce.
  private static let sideBySideConnectTimeout = Duration.seconds(4)

  private let http: any HTTPClient
  private let allowsLocalURLs: Bool

  /// Creates a client that sends its requests through `http`.
  ///
  /// `allowsLocalURLs` switches off the rules of `URLPolicy` for trackers on this machine.
  package init(http: any HTTPClient, allowsLocalURLs: Bool = false) {
    self.http = http
    self.allowsLocalURLs = allowsLocalURLs
  }

  /// Announces, concurrently over IPv4 and IPv6 if the tracker has both (BEP 7).
  ///
  /// - Parameters:
  ///   - request: The announce.
  ///   - tracker: The tracker's URL.
  ///   - timeout: The time limit for the whole exchange.
  ///   - found: Receives the peers of the first reply while the other family's reply is pending.
  /// - Throws: The reason why there is no usable reply. If one family fails and the other succeeds,
  ///   that is no error.
  /// - Returns: The reply, or the merged replies of both families.
  package func announce(
    _ request: AnnounceRequest, to tracker: TrackerURL, timeout: Duration = .seconds(30),
    found: @escaping @Sendable @Reactor ([Endpoint]) -> Void = { _ in }
  ) async throws(TrackerError) -> AnnounceReply {
    let addresses = await http.addresses(of: tracker.text)
    guard let v4 = addresses.first(where: { !$0.unmapped.isIPv6 }),
      let v6 = addresses.first(where: { $0.unmapped.isIPv6 })
    else { return try await announce(request, to: tracker, at: nil, timeout) }
    let results = await withTaskGroup(of: (Int, Result<AnnounceReply, TrackerError>).self) {
      group in
      for (index, address) in [v4, v6].enumerated() {
        group.addTask {
          do throws(TrackerError) {
            return (index, .success(try await announce(request, to: tracker, at: address, timeout)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [Int: Result<AnnounceReply, TrackerError>] = [:]
      while let (index, result) = await group.next() {
        if results.isEmpty, case .success(let reply) = result { await found(reply.peers) }
        results[index] = result
      }
      return results
    }
    return try Self.merged((0..<2).compactMap { results[$0] })
  }

  /// Merges the replies of both address families.
  private static func merged(
    _ results: [Result<AnnounceReply, TrackerError>]
  ) throws(TrackerError) -> AnnounceReply {
    var merged: AnnounceReply?
    var failure: TrackerError?
    for result in results {
      switch result {
      case .success(let reply): merged = merged?.merging(reply) ?? reply
      case .failure(let error):
        // The tracker's own error message says more than the fact that it is unreachable.
        if case .unreachable = error, failure != nil { break }
        failure = error
      }
    }
    if let merged { return merged }
    throw failure ?? .unreachable("it was not asked")
  }

  private func announce(
    _ request: AnnounceRequest, to tracker: TrackerURL, at address: IPAddress?,
    _ timeout: Duration
  ) async throws(TrackerError) -> AnnounceReply {
    let response = try await get(tracker, query: request.query, timeout: timeout, at: address)
    do throws(TrackerError) {
      return try AnnounceReply(parsing: response.body)
    } catch {
      throw Self.reason(of: error, status: response.status)
    }
  }

  /// Requests the sizes of swarms.
  ///
  /// - Parameters:
  ///   - request: The torrents to ask about.
  ///   - tracker: The tracker's announce URL.
  ///   - timeout: The time limit for the whole exchange.
  /// - Throws: The reason why there is no usable reply.
  /// - Returns: The reply.
  package func scrape(
    _ request: ScrapeRequest, of tracker: TrackerURL, timeout: Duration = .seconds(30)
  ) async throws(TrackerError) -> ScrapeReply {
    guard let url = tracker.scrape else { throw .badURL(tracker.display) }
    let response = try await get(url, query: request.query, timeout: timeout)
    do throws(TrackerError) {
      return try ScrapeReply(parsing: response.body)
    } catch {
      throw Self.reason(of: error, status: response.status)
    }
  }

  private func get(
    _ tracker: TrackerURL, query: String, timeout: Duration, at address: IPAddress? = nil
  ) async throws(TrackerError) -> HTTPResponse {
    guard tracker.isSupported else { throw .unsupportedScheme(tracker.scheme) }
    var request = HTTPRequest(url: tracker.appending(query: query))
    request.timeout = timeout
    request.maximumBodyLength = Self.maximumReplyLength
    request.policy = URLPolicy(.tracker, allowsLocalURLs: allowsLocalURLs)
    if let address {
      request.address = address
      request.connectTimeout = Self.sideBySideConnectTimeout
    }
    do throws(HTTPError) {
      return try await http.get(request)
    } catch {
      throw .unreachable(Self.words(for: error))
    }
  }

  /// Returns the HTTP status as the error of a malformed reply whose status is not 200.
  private static func reason(of error: TrackerError, status: Int) -> TrackerError {
    if case .badReply = error, status != 200 { .badStatus(status) } else { error }
  }

  private static func words(for error: HTTPError) -> String {
    Printable.text("\(error)".utf8)
  }
}

extension TrackerURL {
  /// A Boolean value indicating whether the URL's scheme is http or https.
  package var isSupported: Bool { scheme == "http" || scheme == "https" }
}
