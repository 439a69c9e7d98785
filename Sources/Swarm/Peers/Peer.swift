import Primitives

/// The part of a peer that decides about pieces and blocks: its pieces, its debts and its rate.
struct Peer: Sendable {
  var pieces: Bitfield
  /// The number of blocks that it owes.
  var owed = 0
  /// The number of those that somebody else owes as well and was asked for first.
  var duplicates = 0
  /// The number of those that it was asked for first and somebody else as well.
  var lent = 0
  /// The number of begun pieces that it opened and that are not all here.
  var opened = 0
  /// The time since which it owes something and has brought nothing.
  var silentSince: Instant?
  /// Its rate in bytes per second; 0 while unknown.
  var rate = 0.0
  /// A Boolean value indicating whether it lets blocks come late.
  var isSnubbed = false
  /// A Boolean value indicating whether it chokes us; its claims wait for it meanwhile.
  var isChoking = false
  /// A Boolean value indicating whether it took part in a bad piece and is not cleared yet.
  var isSuspect = false
  /// A Boolean value indicating whether a piece that it took part in was good.
  var isProven = false
  /// The number of wanted pieces that it has and we have not verified; not kept for seeds.
  var interesting = 0

  var isSeed: Bool { pieces.isFull }

  /// A Boolean value indicating whether it lately brought something and is expected to continue.
  var isLive: Bool { rate > 0 && !isSnubbed }

  var pace: Pace {
    Pace(
      owed: owed, duplicates: duplicates, lent: lent, silentSince: silentSince, rate: rate,
      isSnubbed: isSnubbed, isSuspect: isSuspect)
  }
}

/// The facts that tell how soon a peer brings what it owes.
///
/// Its pieces are left out, because walks over all peers must not count references.
struct Pace: Sendable {
  let owed: Int
  let duplicates: Int
  let lent: Int
  let silentSince: Instant?
  let rate: Double
  let isSnubbed: Bool
  let isSuspect: Bool

  /// The number of blocks that only this peer was asked for.
  var exposed: Int { owed - duplicates - lent }
}

/// The number of connected peers of each kind, and what all of them bring together.
struct PeerCounts: Sendable {
  var snubbed = 0
  /// The number of peers that choke us.
  var choking = 0
  var seeds = 0
  var liveSeeds = 0
  var suspects = 0
  /// The number of peers that took part in no good piece so far.
  var unproven = 0
  /// The rate of all peers together, in whole bytes per second.
  var rate: Int64 = 0
}
