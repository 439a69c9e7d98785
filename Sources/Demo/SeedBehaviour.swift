/// How a scripted seed treats those who ask it for blocks.
package struct SeedBehaviour: Sendable {
  /// What it sends in place of the torrent's bytes.
  package enum Corruption: Sendable {
    /// The right bytes.
    case none
    /// Every block has a wrong byte.
    case everyBlock
    /// Blocks have a wrong byte at random, this share of them.
    case share(Double)
  }

  /// Something that no honest peer does; it is done once, in place of the first reply.
  package enum Offence: Sendable, CaseIterable {
    /// A frame of 4 GiB is announced.
    case oversizedFrame
    /// A block of a piece that does not exist.
    case wrongIndex
    /// Blocks that were not asked for, without end.
    case unrequestedBlocks
    /// Bytes that mean nothing.
    case garbage
    /// A bitfield of the wrong length.
    case badBitfield
  }

  /// What it makes of questions for the torrent's metadata (BEP 9).
  package enum Metadata: Hashable, Sendable {
    /// It does not speak of it.
    case unknown
    /// It gives it.
    case honest
    /// It gives wrong bytes.
    case wrong
    /// It does not answer.
    case silent
    /// It refuses.
    case rejecting
    /// It says that the metadata is so long, and does not answer.
    case claiming(Int)
  }

  /// What it sends in place of the torrent's bytes.
  package var corruption = Corruption.none
  /// How many requests it says it queues (BEP 10); nil when it does not speak of it.
  package var requestQueue: Int?
  /// What it makes of questions for the metadata.
  package var metadata = Metadata.unknown
  /// Whether it takes part in the exchange of peers (BEP 11).
  package var exchangesPeers = false
  /// Messages of peer exchange that it sends as soon as it may, one after the other.
  package var peerMessages: [[UInt8]] = []
  /// Whether it says that it wants nothing more (BEP 21).
  package var isUploadOnly = false
  /// How fast it sends, in bytes per second; nil for as fast as it can.
  package var bytesPerSecond: Int?
  /// How long it takes to answer a request.
  package var latency = Duration.zero
  /// After so many bytes it falls silent.
  package var stallsAfter: Int64?
  /// Whether it shows while it is silent that it is still there.
  package var keepsAlive = false
  /// After so many bytes it sends single bytes of the next block, one every few seconds.
  package var tricklesAfter: Int64?
  /// After so many bytes it hangs up.
  package var hangsUpAfter: Int64?
  /// How many requests it queues; what comes beyond that is dropped without a word.
  package var droppingQueue: Int?
  /// What it does wrong instead of serving.
  package var offence: Offence?

  /// Whether it speaks the extension protocol (BEP 10).
  var speaksExtensions: Bool {
    requestQueue != nil || metadata != .unknown || exchangesPeers || isUploadOnly
  }

  /// Serves everybody, honestly and as fast as it can.
  package init() {}
}
