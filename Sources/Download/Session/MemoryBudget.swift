import Networking
import Primitives

/// The memory that the pieces of all torrents share.
///
/// A torrent asks for the bytes of a piece before it begins one, and gives them back. Together the
/// torrents stay within the limit, except that one that holds nothing may always have one piece, or
/// it could not start. Torrents that were refused get free memory in the order in which they asked.
@Reactor
final class MemoryBudget {
  /// The time for which freed memory is kept for the torrent that was told of it.
  ///
  /// It may want none any more, such as when its last peer has left, and must not hold up others.
  nonisolated static let patience = Duration.milliseconds(100)

  private struct Request {
    let torrent: InfoHash
    let bytes: Int
    /// The time until which the memory is kept, once the torrent was told that it is there.
    var keptUntil: Instant?
  }

  /// The limit in bytes.
  let limit: Int
  /// The number of bytes that are reserved.
  private(set) var total = 0
  private let members: SessionMembers
  private let clock: any LoopClock
  private var held: [InfoHash: Int] = [:]
  /// The requests that were refused, at most one of each torrent, in the order of their arrival.
  private var requests: [Request] = []
  private var timer: TimerID?

  /// Creates a budget of `limit` bytes, of which none is reserved.
  init(limit: Int, members: SessionMembers, clock: any LoopClock) {
    self.limit = limit
    self.members = members
    self.clock = clock
  }

  /// Returns the number of bytes that a torrent has reserved.
  func held(by torrent: InfoHash) -> Int { held[torrent] ?? 0 }

  // MARK: - Reserving

  /// Returns whether a torrent may reserve this much; one that is refused hears of free memory
  /// later.
  func mayReserve(_ bytes: Int, for torrent: InfoHash) -> Bool {
    // The usual answer needs no look at the torrent.
    if requests.isEmpty, fits(bytes, behind: 0) { return true }
    guard held[torrent] ?? 0 > 0 else { return true }
    let ahead = requests.firstIndex { $0.torrent == torrent } ?? requests.endIndex
    if fits(bytes, behind: ahead) { return true }
    if ahead == requests.endIndex, members[torrent] != nil {
      requests.append(Request(torrent: torrent, bytes: bytes))
    }
    return false
  }

  /// Returns whether `bytes` are free besides the memory that the first requests wait for.
  private func fits(_ bytes: Int, behind count: Int) -> Bool {
    var free = limit - total
    for request in requests[..<count] { free -= request.bytes }
    return bytes <= free
  }

  /// Reserves memory after `mayReserve` has returned true.
  func reserve(_ bytes: Int, for torrent: InfoHash) {
    held[torrent, default: 0] += bytes
    total += bytes
    withdraw(torrent)
  }

  /// Gives memory back.
  func release(_ bytes: Int, for torrent: InfoHash) {
    let own = held[torrent] ?? 0
    let freed = min(bytes, own)
    held[torrent] = own > freed ? own - freed : nil
    total -= freed
    wake()
  }

  /// Removes a torrent with all that it has reserved.
  func leave(_ torrent: InfoHash) {
    withdraw(torrent)
    total -= held.removeValue(forKey: torrent) ?? 0
    wake()
  }

  private func withdraw(_ torrent: InfoHash) {
    guard let index = requests.firstIndex(where: { $0.torrent == torrent }) else { return }
    requests.remove(at: index)
    // The requests behind it may have waited for it alone.
    wake()
  }

  // MARK: - Waking

  /// Tells the torrents whose requests fit that there is memory, and keeps it for them for a while.
  private func wake() {
    guard !requests.isEmpty else { return }
    var told: [InfoHash] = []
    for index in requests.indices {
      let request = requests[index]
      guard request.keptUntil == nil,
        held[request.torrent] == nil || fits(request.bytes, behind: index)
      else { continue }
      requests[index].keptUntil = clock.now + Self.patience
      told.append(requests[index].torrent)
    }
    setTimer()
    for torrent in told { members[torrent]?.memoryFreed() }
  }

  /// Forgets requests whose torrents have not come back for the memory that was kept for them.
  private func expire() {
    timer = nil
    let now = clock.now
    requests.removeAll { $0.keptUntil.map { $0 <= now } ?? false }
    wake()
    setTimer()
  }

  private func setTimer() {
    guard timer == nil, let next = requests.compactMap(\.keptUntil).min() else { return }
    timer = clock.schedule(at: next) { [weak self] in self?.expire() }
  }
}
