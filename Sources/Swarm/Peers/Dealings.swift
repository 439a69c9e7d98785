import Primitives

/// The kinds of sources of blocks.
package enum SourceKind: Equatable, Sendable {
  /// A peer, which is asked for blocks and may choke us.
  case peer
  /// A connection to a web seed, which is asked for runs of bytes and never chokes us.
  case webSeed
}

/// The other part of a peer: the requests and the messages of both sides.
struct Dealings: Sendable {
  let kind: SourceKind
  let joined: Instant
  /// Our requests.
  var window: RequestWindow
  /// The peer's requests.
  var uploads = UploadLedger()
  var lane = LaneState()
  /// A Boolean value indicating whether we refuse to serve the peer.
  var amChoking = true
  /// A Boolean value indicating whether we told the peer that it has what we want.
  var amInterested = false
  /// A Boolean value indicating whether the peer wants what we have.
  var isInterested = false
  /// A Boolean value indicating whether the peer wants nothing more, even as a partial seed (BEP 21).
  var isUploadOnly = false
  var downloaded = RateMeter()
  var uploaded = RateMeter()
  /// The payload from the peer that was of no use, in bytes.
  var wasted: Int64 = 0

  init(
    kind: SourceKind = .peer, joined: Instant = .zero, window: RequestWindow = RequestWindow()
  ) {
    self.kind = kind
    self.joined = joined
    self.window = window
  }
}

/// The state of a source's lane: the pieces that it works on, and whether it waits.
struct LaneState: Sendable {
  /// The pieces whose blocks are requested next, in the order of the claims.
  var claims = Fifo<Claim>()
  /// A Boolean value indicating whether the lane waits in `IdleLanes`.
  var isIdle = false
  /// A Boolean value indicating whether the window is being filled up, over several claims.
  var isRefilling = false
  /// A Boolean value indicating whether the source is about to leave.
  var isClosed = false
  /// The piece of which the source brought the last missing block most recently.
  var lastCompleted: PieceIndex?
  /// The number of blocks that the quota counts for the source.
  var counted = 0
}
