/// The table of connected peers, one row for each, found by number without hashing.
///
/// Numbers rise, so their low bits spread well: open addressing with linear probing, at most half
/// full, and removal closes the gap. A row has two columns, because walks over all peers only touch
/// the first one. The order of the rows is arbitrary but the same in each run.
struct PeerRecords: Sendable {
  private var keys: [Int] = Array(repeating: -1, count: 64)
  private var places: [Int32] = Array(repeating: -1, count: 64)
  private(set) var numbers: [PeerNumber] = []
  private(set) var records: [Peer] = []
  /// The second column of each row.
  var dealings: [Dealings] = []

  var count: Int { records.count }

  /// The record of a peer; nil when it is not there.
  subscript(peer: PeerNumber) -> Peer? { place(of: peer).map { records[$0] } }

  func contains(_ peer: PeerNumber) -> Bool { place(of: peer) != nil }

  /// Changes a peer's record in place, if it is there.
  @inline(__always)
  mutating func change(_ peer: PeerNumber, _ body: (inout Peer) -> Void) {
    if let place = place(of: peer) { body(&records[place]) }
  }

  /// Changes each record in place.
  mutating func changeEach(_ body: (inout Peer) -> Void) {
    for place in records.indices { body(&records[place]) }
  }

  /// Adds a peer that is not there.
  mutating func insert(_ peer: PeerNumber, _ record: Peer, _ other: Dealings) {
    if (count + 1) * 2 > keys.count { grow() }
    enter(peer.value, Int32(truncatingIfNeeded: count))
    numbers.append(peer)
    records.append(record)
    dealings.append(other)
  }

  /// Removes a peer; the last record takes its place.
  mutating func remove(_ peer: PeerNumber) {
    guard let place = place(of: peer) else { return }
    erase(peer.value)
    let last = count - 1
    if place < last {
      let moved = numbers[last]
      numbers[place] = moved
      records.swapAt(place, last)
      dealings.swapAt(place, last)
      if let entry = entry(of: moved.value) { places[entry] = Int32(truncatingIfNeeded: place) }
    }
    numbers.removeLast()
    records.removeLast()
    dealings.removeLast()
  }

  // MARK: - The table

  /// Returns the row of a peer, valid until a peer is removed.
  func place(of peer: PeerNumber) -> Int? { entry(of: peer.value).map { Int(places[$0]) } }

  private func entry(of key: Int) -> Int? {
    let mask = keys.count - 1
    var index = key & mask
    while keys[index] != -1 {
      if keys[index] == key { return index }
      index = (index + 1) & mask
    }
    return nil
  }

  private mutating func enter(_ key: Int, _ place: Int32) {
    let mask = keys.count - 1
    var index = key & mask
    while keys[index] != -1 { index = (index + 1) & mask }
    keys[index] = key
    places[index] = place
  }

  private mutating func erase(_ key: Int) {
    guard var hole = entry(of: key) else { return }
    let mask = keys.count - 1
    var index = (hole + 1) & mask
    while keys[index] != -1 {
      // An entry may fill the hole unless its own start lies behind the hole.
      let start = keys[index] & mask
      if (index - start) & mask >= (index - hole) & mask {
        keys[hole] = keys[index]
        places[hole] = places[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    keys[hole] = -1
  }

  private mutating func grow() {
    let (oldKeys, oldPlaces) = (keys, places)
    keys = Array(repeating: -1, count: oldKeys.count * 2)
    places = Array(repeating: -1, count: oldKeys.count * 2)
    for (key, place) in zip(oldKeys, oldPlaces) where key != -1 { enter(key, place) }
  }
}
