/// The progress of a metadata search.
public struct MetadataProgress: Sendable, Equatable {
  /// The number of connected peers.
  public var connectedPeers = 0
  /// The number of connected peers that offer the metadata.
  public var offeringPeers = 0
  /// The number of known peers that have not been given up.
  public var knownPeers = 0
  /// The number of metadata bytes received.
  public var receivedBytes = 0
  /// The length of the metadata in bytes as claimed by peers; nil before any peer does.
  public var totalBytes: Int?

  /// Creates the progress of a search that knows nothing.
  public init() {}
}
