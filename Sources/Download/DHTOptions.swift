import DHT

/// How a run takes part in the distributed hash table (BEP 5).
public struct DHTOptions: Sendable {
  /// Where to begin, as `host:port`; the well-known public routers unless changed.
  public var routers = DHTRouters.publicOnes
  /// What `saveState` was given by an earlier run; anything else counts as nothing.
  public var state: [UInt8] = []
  /// Called at the end of a run that took part, with what the next one may begin with.
  public var saveState: (@Sendable ([UInt8]) -> Void)?

  /// The defaults.
  public init() {}
}
