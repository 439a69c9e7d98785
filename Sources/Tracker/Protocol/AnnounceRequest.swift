package import Primitives

/// An event to report to a tracker (BEP 3).
package enum AnnounceEvent: String, Sendable {
  /// The run begins.
  case started
  /// The last missing piece has been verified.
  case completed
  /// The run ends.
  case stopped
  /// The run wants no more data although pieces are missing (BEP 21).
  case paused
}

/// The transfer totals of a torrent, as announced to trackers.
public struct TransferTotals: Sendable, Equatable {
  /// Payload bytes sent to peers.
  public var uploaded: Int64
  /// Payload bytes received from peers.
  public var downloaded: Int64
  /// Bytes of the torrent that are missing, whether they are wanted or not.
  public var left: Int64

  /// Creates totals.
  public init(uploaded: Int64, downloaded: Int64, left: Int64) {
    self.uploaded = uploaded
    self.downloaded = downloaded
    self.left = left
  }
}

/// An announce to a tracker (BEP 3, BEP 15).
package struct AnnounceRequest: Sendable {
  /// The torrent's info-hash.
  package var infoHash: InfoHash
  /// Our own peer id.
  package var peerID: PeerID
  /// The port on which we listen.
  package var port: UInt16
  /// The transfer totals.
  package var totals: TransferTotals
  /// The event to report; nil for a regular announce.
  package var event: AnnounceEvent?
  /// The number of peers to request.
  package var wantedPeers = 200
  /// A random number by which the tracker recognizes us when our address changes.
  package var key: UInt32
  /// The `tracker id` of an earlier reply.
  package var trackerID: [UInt8]?

  /// Creates an announce that requests the default number of peers.
  package init(
    infoHash: InfoHash, peerID: PeerID, port: UInt16, totals: TransferTotals,
    event: AnnounceEvent? = nil, key: UInt32, trackerID: [UInt8]? = nil
  ) {
    self.infoHash = infoHash
    self.peerID = peerID
    self.port = port
    self.totals = totals
    self.event = event
    self.key = key
    self.trackerID = trackerID
  }

  /// The URL's query; the info-hash and the peer id are percent-encoded raw bytes.
  package var query: String {
    var items = [
      "info_hash=" + PercentEncoding.encode(infoHash.wireBytes),
      "peer_id=" + PercentEncoding.encode(peerID.bytes),
      "port=\(port)", "uploaded=\(totals.uploaded)", "downloaded=\(totals.downloaded)",
      "left=\(totals.left)", "compact=1", "no_peer_id=1",
      "numwant=\(event == .stopped ? 0 : wantedPeers)",
      "key=" + Hex.encode((0..<4).map { UInt8(truncatingIfNeeded: key >> (24 - 8 * $0)) }),
    ]
    if let event { items.append("event=\(event.rawValue)") }
    if let trackerID { items.append("trackerid=" + PercentEncoding.encode(trackerID)) }
    return items.joined(separator: "&")
  }
}
