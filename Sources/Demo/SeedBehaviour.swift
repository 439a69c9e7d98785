/// The script of a seed: its treatment of its leechers.
package struct SeedBehaviour: Sendable {
  /// The corruption of the data it sends.
  package enum Corruption: Sendable {
    /// It sends correct data.
    case none
    /// Every block contains a wrong byte.
    case everyBlock
    /// A random share of the blocks contains a wrong byte.
    case share(Double)
  }

  /// A protocol violation, committed once in place of unchoking the leecher.
  package enum Offence: Sendable, CaseIterable {
    /// It announces a frame of 4 GiB.
    case oversizedFrame
    /// It sends a block of a piece that does not exist.
    case wrongIndex
    /// It sends many blocks that were not requested.
    case unrequestedBlocks
    /// It sends meaningless bytes.
    case garbage
    /// It sends a bitfield of the wrong length.
    case badBitfield
  }

  /// The treatment of metadata requests (BEP 9).
  package enum Metadata: Hashable, Sendable {
    /// It does not support the extension.
    case unknown
    /// It sends the metadata.
    case honest
    /// It sends corrupt metadata.
    case wrong
    /// It does not answer.
    case silent
    /// It rejects every request.
    case rejecting
    /// It claims that the metadata has this size, and does not answer.
    case claiming(Int)
  }

  /// The corruption of the data it sends.
  package var corruption = Corruption.none
  /// The request queue length that it announces (BEP 10); nil to announce none.
  package var requestQueue: Int?
  /// The treatment of metadata requests.
  package var metadata = Metadata.unknown
  /// A Boolean value indicating whether it takes part in peer exchange (BEP 11).
  package var exchangesPeers = false
  /// The peer exchange messages that it sends, one after another, as soon as it may.
  package var peerMessages: [[UInt8]] = []
  /// A Boolean value indicating whether it announces that it only uploads (BEP 21).
  package var isUploadOnly = false
  /// Its send rate in bytes per second; nil for no limit.
  package var bytesPerSecond: Int?
  /// The delay before each answer.
  package var latency = Duration.zero
  /// The number of bytes after which it falls silent.
  package var stallsAfter: Int64?
  /// A Boolean value indicating whether it sends keep-alives while silent.
  package var keepsAlive = false
  /// The number of bytes after which it sends the next block byte by byte, one every few seconds.
  package var tricklesAfter: Int64?
  /// The number of bytes after which it closes the connection.
  package var hangsUpAfter: Int64?
  /// The length of its request queue; requests beyond it are silently dropped.
  package var droppingQueue: Int?
  /// The length of the spells in which it serves and, in turns, chokes its peers; nil to choke
  /// nobody.
  package var chokeRhythm: Duration?
  /// The protocol violation that it commits instead of serving.
  package var offence: Offence?

  /// A Boolean value indicating whether it supports the extension protocol (BEP 10).
  var speaksExtensions: Bool {
    requestQueue != nil || metadata != .unknown || exchangesPeers || isUploadOnly
  }

  /// Creates the script of an honest seed that serves at full speed.
  package init() {}
}
