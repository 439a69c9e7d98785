import DHT

/// The options for taking part in the distributed hash table (BEP 5).
public struct DHTOptions: Sendable {
  /// The bootstrap routers as `host:port`; by default the well-known public ones.
  public var routers = DHTRouters.publicOnes
  /// The state that an earlier session has left; invalid bytes are ignored.
  public var state: [UInt8] = []
  /// The keeper of the state for the next session; nil if it is not kept.
  public var keeper: (any DHTStateKeeper)?

  /// Creates the default options.
  public init() {}

  /// The maximum length of a state in bytes.
  public static let maximumStateLength = DHTState.maximumLength

  /// Returns the reason why bytes are not a valid state, or nil if they are.
  public static func objection(toState bytes: [UInt8]) -> String? {
    do throws(DHTStateError) {
      _ = try DHTState(parsing: bytes)
      return nil
    } catch {
      return error.description
    }
  }
}

/// A keeper of the state that a node in the distributed hash table leaves at its end.
public protocol DHTStateKeeper: Sendable {
  /// Keeps a state, at the end of a session that joined the DHT.
  func keep(_ state: [UInt8])
}

/// A report on our part in the distributed hash table.
public struct DHTReport: Sendable, Equatable {
  /// The stage that was reached.
  public enum State: Sendable, Equatable {
    /// Bootstrap nodes are being queried.
    case joining
    /// The first node has replied.
    case joined
    /// A search has ended and found this many distinct peers.
    case searched(peers: Int)
    /// We cannot take part, for this reason.
    case failed(String)
  }

  /// The stage that was reached.
  public var state: State
  /// The number of nodes in the routing tables.
  public var nodes: Int

  /// Creates a report.
  public init(_ state: State, nodes: Int) {
    self.state = state
    self.nodes = nodes
  }
}
