import Primitives

/// The division of a limited number of places among torrents.
///
/// A torrent may take places as long as there are some, except those that the others have not used
/// of their guaranteed share. The limit is never exceeded.
struct FairShares {
  /// The maximum number of places that a torrent is guaranteed.
  static let largestShare = 8
  /// The part of all places that may be kept for guarantees, so that torrents without peers cannot
  /// hold up those with many.
  static let guaranteedPart = 4

  /// The number of places.
  let limit: Int
  private(set) var total = 0
  private var taken: [InfoHash: Int] = [:]
  /// The number of places that are guaranteed to each torrent.
  private(set) var share = 0
  /// The number of free places that are kept for torrents below their share.
  private var kept = 0

  /// Creates places of which none is taken.
  init(limit: Int) {
    self.limit = max(1, limit)
  }

  /// Returns the number of places that a torrent has taken.
  func count(of torrent: InfoHash) -> Int { taken[torrent] ?? 0 }

  /// Adds a torrent.
  mutating func join(_ torrent: InfoHash) {
    taken[torrent] = taken[torrent] ?? 0
    divide()
  }

  /// Removes a torrent with the places that it has taken.
  mutating func leave(_ torrent: InfoHash) {
    total -= taken.removeValue(forKey: torrent) ?? 0
    divide()
  }

  /// Returns whether a torrent may take one more place while connections whose torrent is not known
  /// yet have `unnamed` places.
  func mayTake(_ torrent: InfoHash, unnamed: Int = 0) -> Bool {
    guard let own = taken[torrent], total + unnamed < limit else { return false }
    return own < share || total + unnamed + kept < limit
  }

  /// Gives a torrent one place.
  mutating func take(_ torrent: InfoHash) {
    guard let own = taken[torrent] else { return }
    if own < share { kept -= 1 }
    taken[torrent] = own + 1
    total += 1
  }

  /// Takes a place back; does nothing for a torrent that has left.
  mutating func give(_ torrent: InfoHash) {
    guard let own = taken[torrent], own > 0 else { return }
    if own <= share { kept += 1 }
    taken[torrent] = own - 1
    total -= 1
  }

  private mutating func divide() {
    let torrents = max(1, taken.count)
    let least = torrents <= limit ? 1 : 0
    share = min(Self.largestShare, max(least, limit / Self.guaranteedPart / torrents))
    kept = taken.values.reduce(0) { $0 + max(0, share - $1) }
  }
}
