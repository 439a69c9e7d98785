package import HTTP
internal import Networking
package import Primitives

/// Asks HTTP trackers (BEP 3, BEP 48), one request and one answer at a time.
package struct TrackerClient: Sendable {
  /// The largest reply read, in bytes.
  package static let maximumReplyLength = 1 << 20

  /// How long a connection may take when the tracker is asked over the other kind of address as well:
  /// a machine without a working IPv6 must not wait for it at every announce.
  private static let sideBySideConnectTimeout = Duration.seconds(4)

  private let http: any HTTPClient
  private let allowsLocalURLs: Bool

  /// Creates a client that asks through `http`.
  ///
  /// `allowsLocalURLs` switches the rules of `URLPolicy` about trackers on this machine off.
  package init(http: any HTTPClient, allowsLocalURLs: Bool = false) {
    self.http = http
    self.allowsLocalURLs = allowsLocalURLs
  }

  /// Announces, over IPv4 and IPv6 side by side if the tracker has both (BEP 7).
  ///
  /// - Parameters:
  ///   - request: What is said.
  ///   - tracker: To whom.
  ///   - timeout: The bound on the whole exchange.
  ///   - found: Told the peers of the first answer when another one is still to come.
  /// - Throws: Why there is no useful answer; that one of two kinds of address fails is no error.
  /// - Returns: The answer, or both as one.
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

  /// One reply of the answers over both kinds of address.
  private static func merged(
    _ results: [Result<AnnounceReply, TrackerError>]
  ) throws(TrackerError) -> AnnounceReply {
    var merged: AnnounceReply?
    var failure: TrackerError?
    for result in results {
      switch result {
      case .success(let reply): merged = merged?.merging(reply) ?? reply
      case .failure(let error):
        // What a tracker itself says tells more than that it can't be reached.
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

  /// Asks for the size of swarms.
  ///
  /// - Parameters:
  ///   - request: Which ones.
  ///   - tracker: The tracker's announce URL.
  ///   - timeout: The bound on the whole exchange.
  /// - Throws: Why there is no useful answer.
  /// - Returns: The answer.
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

  /// A reply that makes no sense is explained by its status, if that is not 200.
  private static func reason(of error: TrackerError, status: Int) -> TrackerError {
    if case .badReply = error, status != 200 { .badStatus(status) } else { error }
  }

  private static func words(for error: HTTPError) -> String {
    Printable.text("\(error)".utf8)
  }
}

extension TrackerURL {
  /// Whether this client speaks the scheme.
  package var isSupported: Bool { scheme == "http" || scheme == "https" }
}
