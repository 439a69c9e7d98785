/// How far the search for a torrent's metadata has come.
public struct MetadataProgress: Sendable, Equatable {
  /// How many peers are connected.
  public var connectedPeers = 0
  /// How many of those offer the metadata.
  public var offeringPeers = 0
  /// How many peers are known and not given up.
  public var knownPeers = 0
  /// How much of it is there, in bytes.
  public var receivedBytes = 0
  /// Its length in bytes, as peers claim it; nil before any does.
  public var totalBytes: Int?

  /// Nothing is known yet.
  public init() {}
}
