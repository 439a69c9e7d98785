import DHT

/// How a run takes part in the distributed hash table (BEP 5).
public struct DHTOptions: Sendable {
  /// Where to begin, as `host:port`; the well-known public routers unless changed.
  public var routers = DHTRouters.publicOnes
  /// What `saveState` was given by an earlier run; anything else counts as nothing.
  public var state: [UInt8] = []
  /// Whether the state's id is taken on again; two runs at a time must not have the same one.
  public var keepsID = true
  /// Called at the end of a run that took part, with what the next one may begin with.
  public var saveState: (@Sendable ([UInt8]) -> Void)?

  /// The defaults.
  public init() {}

  /// The longest state, in bytes.
  public static let maximumStateLength = DHTState.maximumLength

  /// Says why bytes are no state that `saveState` was given; nil when they are.
  public static func objection(toState bytes: [UInt8]) -> String? {
    do throws(DHTStateError) {
      _ = try DHTState(parsing: bytes)
      return nil
    } catch {
      return error.description
    }
  }
}

/// What became of our part in the distributed hash table.
public struct DHTReport: Sendable, Equatable {
  /// Where it stands.
  public enum State: Sendable, Equatable {
    /// Nodes to begin at are being asked.
    case joining
    /// The first node has answered.
    case joined
    /// A search has ended that named so many peers, each counted once.
    case searched(peers: Int)
    /// We cannot take part; the words say why.
    case failed(String)
  }

  /// Where it stands.
  public var state: State
  /// How many nodes we know that answer.
  public var nodes: Int

  /// Creates a report.
  public init(_ state: State, nodes: Int) {
    self.state = state
    self.nodes = nodes
  }
}
