package import Primitives

// The choice of the peers and of the pieces to request from them.

extension MetadataAssembler {
  /// Returns the requests to send now.
  ///
  /// Requests whose time is up are given up first.
  package mutating func nextRequests(now: Instant) -> [Request] {
    guard !isComplete else { return [] }
    expireRequests(now: now)
    chooseGroups(now: now)
    var requests: [Request] = []
    for index in groups.indices where groups[index].turnEnds != nil {
      if groups[index].needsSolo { chooseSoloist(index, now: now) }
      requests += ask(index, now: now)
    }
    return requests
  }

  private mutating func expireRequests(now: Instant) {
    for index in groups.indices {
      for peer in groups[index].members {
        let isLate =
          peers[peer]?.outstanding.values.contains { now - $0 >= Self.requestTimeout } ?? false
        if isLate { putOff(peer, in: index, now: now) }
      }
    }
  }

  /// Ends turns that have lasted too long if somebody waits, and gives free places to those who had
  /// the fewest turns, then to the largest groups.
  private mutating func chooseGroups(now: Instant) {
    for index in groups.indices {
      guard let end = groups[index].turnEnds, now >= end else { continue }
      let isWaitedFor = groups.contains { isWaiting($0, now: now) }
      if isWaitedFor {
        endTurn(index)
      } else if groups[index].needsSolo, groups[index].members.count > 1 {
        endTurn(index)
        groups[index].beginTurn(now: now)
      } else {
        groups[index].prolongTurn(now: now)
      }
    }
    var active = groups.count { $0.turnEnds != nil }
    while active < Self.activeGroupLimit {
      let waiting = groups.indices.filter { isWaiting(groups[$0], now: now) }
      let next = waiting.min { left, right in
        (groups[left].turns, -groups[left].members.count, left)
          < (groups[right].turns, -groups[right].members.count, right)
      }
      guard let next else { return }
      groups[next].beginTurn(now: now)
      active += 1
    }
  }

  private func isWaiting(_ group: MetadataGroup, now: Instant) -> Bool {
    group.turnEnds == nil && group.members.contains { isReady($0, now: now) }
  }

  private mutating func endTurn(_ index: Int) {
    for peer in groups[index].members { peers[peer]?.forgetRequests() }
    groups[index].endTurn()
  }

  /// Picks the peer that has been tried least and can be asked.
  private mutating func chooseSoloist(_ index: Int, now: Instant) {
    guard groups[index].soloist == nil else { return }
    let ready = groups[index].members.enumerated().filter { isReady($0.element, now: now) }
    let next = ready.min { left, right in
      let (one, other) = (peers[left.element], peers[right.element])
      return (one?.soloCount ?? 0, one?.failures ?? 0, left.offset)
        < (other?.soloCount ?? 0, other?.failures ?? 0, right.offset)
    }
    guard let next else { return }
    peers[next.element]?.soloCount += 1
    peers[next.element]?.forgetRequests()
    groups[index].begin(solo: next.element, now: now)
  }

  private func isReady(_ peer: Int, now: Instant) -> Bool {
    peers[peer].map { now >= $0.restsUntil } ?? false
  }

  /// Spreads the wanted pieces over the peers that have room, one each in turn.
  private mutating func ask(_ index: Int, now: Instant) -> [Request] {
    var wanted = groups[index].wanted(now: now)
    let members =
      groups[index].needsSolo
      ? groups[index].soloist.map { [$0] } ?? [] : byReliability(groups[index].members)
    var requests: [Request] = []
    var found = true
    while found, !wanted.isEmpty {
      found = false
      for peer in members where isReady(peer, now: now) {
        guard let record = peers[peer], record.outstanding.count < Self.requestLimit,
          let place = wanted.firstIndex(where: { mayAsk(record, for: $0, now: now) })
        else { continue }
        let piece = wanted.remove(at: place)
        peers[peer]?.outstanding[piece] = now
        peers[peer]?.asked[piece] = now
        groups[index].lastAsked[piece] = now
        requests.append(Request(peer: peer, piece: piece))
        found = true
        if wanted.isEmpty { break }
      }
    }
    return requests
  }

  private func mayAsk(_ record: MetadataPeer, for piece: Int, now: Instant) -> Bool {
    record.outstanding[piece] == nil
      && record.asked[piece].map { now - $0 >= Self.repeatPause } ?? true
  }

  /// Returns the peers with the fewest failures first, else in the order in which they joined.
  private func byReliability(_ members: [Int]) -> [Int] {
    members.enumerated().sorted { left, right in
      (peers[left.element]?.failures ?? 0, left.offset)
        < (peers[right.element]?.failures ?? 0, right.offset)
    }.map(\.element)
  }
}
