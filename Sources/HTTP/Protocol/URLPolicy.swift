package import Primitives

/// The rules for where URLs from torrents and trackers may lead.
///
/// They keep strangers from using this program to reach services that only this host or its network
/// can reach (server-side request forgery).
///
/// | URL | rule |
/// |---|---|
/// | any | scheme http or https (udp for trackers), an ASCII host, at most 5 redirects |
/// | tracker at a loopback address | its path begins with `/announce` or `/scrape` |
/// | web seed at a loopback or private address | it has no query |
/// | any at another address | does not redirect to a loopback or private one |
///
/// The rules apply to the address that is connected to, whatever the host name, and to each
/// redirect.
package struct URLPolicy: Sendable, Equatable {
  /// The purpose of a URL.
  package enum Use: Sendable, Equatable {
    /// Announces and scrapes.
    case tracker
    /// Downloads of pieces from a web seed.
    case webSeed
    /// Resources that the user asked for.
    case file
  }

  /// The purpose of the URL.
  package var use: Use
  /// A Boolean value indicating whether the rules about loopback and private addresses are off.
  package var allowsLocalURLs: Bool

  /// Creates the policy for one purpose.
  package init(_ use: Use, allowsLocalURLs: Bool = false) {
    self.use = use
    self.allowsLocalURLs = allowsLocalURLs
  }

  /// Returns the rule that forbids a request.
  ///
  /// - Parameters:
  ///   - url: The requested URL.
  ///   - address: The address to which the request would go.
  ///   - cameFromAfar: True if a server at a global address redirected us there.
  /// - Returns: The violated rule, or nil if the request may be sent.
  package func objection(
    to url: HTTPURL, at address: IPAddress, cameFromAfar: Bool
  ) -> URLObjection? {
    guard !allowsLocalURLs, address.isLocal else { return nil }
    if cameFromAfar { return .redirectToLocalAddress(url.authority) }
    switch use {
    case .tracker:
      let isTracker = url.path.hasPrefix("/announce") || url.path.hasPrefix("/scrape")
      return address.isLoopback && !isTracker ? .localTrackerPath(url.authority) : nil
    case .webSeed: return url.hasQuery ? .localWebSeedQuery(url.authority) : nil
    case .file: return nil
    }
  }
}

/// The reason why a URL is refused.
package enum URLObjection: Error, Equatable, Sendable, CustomStringConvertible {
  /// A tracker on this host has a path that is not a tracker's.
  case localTrackerPath(String)
  /// A web seed on this host or in a private network has a query.
  case localWebSeedQuery(String)
  /// A server at a global address redirects to this host or a private network.
  case redirectToLocalAddress(String)

  /// A one-clause description of the violation.
  package var description: String {
    switch self {
    case .localTrackerPath(let host):
      "\(host) is this host, where a tracker's path must begin with /announce or /scrape"
        + Self.advice
    case .localWebSeedQuery(let host):
      "\(host) is on this host or a private network, where a web seed may have no query"
        + Self.advice
    case .redirectToLocalAddress(let host):
      "a public server redirects to \(host), which is on this host or a private network"
        + Self.advice
    }
  }

  private static let advice = "; --allow-local-urls lifts this rule"
}

extension IPAddress {
  /// A Boolean value indicating whether the address is this host's or belongs to a network that
  /// strangers cannot reach.
  var isLocal: Bool { isLoopback || isPrivate || isUnspecified || isShared }

  /// A Boolean value indicating whether the address is in 100.64.0.0/10, behind carrier-grade NAT
  /// (RFC 6598).
  private var isShared: Bool {
    if case .v4(let value) = unmapped { value >> 22 == 0x6440 >> 6 } else { false }
  }
}
