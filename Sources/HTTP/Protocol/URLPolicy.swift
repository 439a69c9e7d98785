package import Primitives

/// Where URLs from torrents and trackers may lead, so that nobody can use us to reach what only this
/// machine or its network can (server-side request forgery).
///
/// | URL | rule |
/// |---|---|
/// | any | scheme http or https (udp for trackers), an ASCII host, at most 5 redirects |
/// | tracker at a loopback address | its path begins with `/announce` or `/scrape` |
/// | web seed at a loopback or private address | it has no query |
/// | any at another address | does not redirect to a loopback or private one |
///
/// The rules hold for the address that is connected to, whatever the name. Redirects count as well.
package struct URLPolicy: Sendable, Equatable {
  /// What a URL is for.
  package enum Use: Sendable, Equatable {
    /// Announces and scrapes.
    case tracker
    /// Pieces of a torrent.
    case webSeed
    /// What the user asks for.
    case file
  }

  /// What the URL is for.
  package var use: Use
  /// Whether the rules about loopback and private addresses are off.
  package var allowsLocalURLs: Bool

  /// The policy for one use.
  package init(_ use: Use, allowsLocalURLs: Bool = false) {
    self.use = use
    self.allowsLocalURLs = allowsLocalURLs
  }

  /// Says why a request may not be sent to an address.
  ///
  /// - Parameters:
  ///   - url: What is asked for.
  ///   - address: Where the request would go.
  ///   - cameFromAfar: Whether a server at a global address has sent us there.
  /// - Returns: The rule that is broken; nil when the request may be sent.
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

/// Why a URL is not followed.
package enum URLObjection: Error, Equatable, Sendable, CustomStringConvertible {
  /// A tracker on this machine has another path than trackers have.
  case localTrackerPath(String)
  /// A web seed on this machine or in a private network has a query.
  case localWebSeedQuery(String)
  /// A server elsewhere redirects to this machine or a private network.
  case redirectToLocalAddress(String)

  /// One clause that says what is wrong.
  package var description: String {
    switch self {
    case .localTrackerPath(let host):
      "\(host) is this machine, where only paths that begin with /announce are asked for"
    case .localWebSeedQuery(let host):
      "\(host) is in a private network, where web seeds may have no query"
    case .redirectToLocalAddress(let host):
      "a redirect from outside leads to \(host), which is in a private network"
    }
  }
}

extension IPAddress {
  /// Whether the address is this machine's or belongs to a network that strangers can't reach.
  var isLocal: Bool { isLoopback || isPrivate || isUnspecified || isShared }

  /// Whether it is in 100.64.0.0/10, behind a provider's address translation (RFC 6598).
  private var isShared: Bool {
    if case .v4(let value) = unmapped { value >> 22 == 0x6440 >> 6 } else { false }
  }
}
