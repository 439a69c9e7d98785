import Primitives
import Swarm
import Testing

/// The behaviour of a whole swarm, in virtual time.
@Suite struct SwarmBehaviourTests {
  static let megabyte = 1_000_000.0

  @Test func aFastPeerAmongSlowOnesIsAsFastAsAlone() {
    let fast = ToySwarm.Peer(rate: 5 * Self.megabyte)
    let slow = ToySwarm.Peer(rate: 5000)
    let alone = ToySwarm(size: 60_000_000, pieceLength: 262_144, peers: [fast])
    let together = ToySwarm(
      size: 60_000_000, pieceLength: 262_144, peers: [fast] + Array(repeating: slow, count: 20))
    #expect(alone.run())
    #expect(together.run())
    #expect(together.time < alone.time * 1.1, "\(together.time) s, alone \(alone.time) s")
    #expect(together.wastedShare < 0.02, "\(together.wastedShare) wasted")
  }

  @Test func aFastPeerJoinedBySlowOnesInASmallTorrentIsAsFastAsAlone() {
    // The slow peers have not delivered a single block by then, so their rates are not known.
    let fast = ToySwarm.Peer(rate: 5 * Self.megabyte)
    let slow = ToySwarm.Peer(rate: 1000)
    let alone = ToySwarm(size: 20_000_000, pieceLength: 262_144, peers: [fast])
    let together = ToySwarm(
      size: 20_000_000, pieceLength: 262_144, peers: [fast] + Array(repeating: slow, count: 20))
    #expect(alone.run())
    #expect(together.run())
    #expect(together.time < alone.time * 1.1, "\(together.time) s, alone \(alone.time) s")
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func equalPeersWasteLittle(seed: UInt64) {
    let peer = ToySwarm.Peer(rate: Self.megabyte)
    let swarm = ToySwarm(
      size: 100_000_000, pieceLength: 262_144, peers: Array(repeating: peer, count: 16),
      seed: seed)
    #expect(swarm.run())
    #expect(swarm.wastedShare <= 0.02, "\(swarm.wastedShare) wasted")
    #expect(swarm.time < 100 / 16 * 1.15, "\(swarm.time) s")
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func peersOfDifferentSpeedsWasteLittle(seed: UInt64) {
    let rates = (1...16).map { Double($0) * 0.125 * Self.megabyte }
    let swarm = ToySwarm(
      size: 100_000_000, pieceLength: 262_144, peers: rates.map { ToySwarm.Peer(rate: $0) },
      seed: seed)
    #expect(swarm.run())
    #expect(swarm.wastedShare <= 0.02, "\(swarm.wastedShare) wasted")
    let best = 100_000_000 / rates.reduce(0, +)
    #expect(swarm.time < best * 1.15, "\(swarm.time) s, at best \(best) s")
  }

  @Test func othersFetchWhatAVanishedPeerOwed() {
    let peer = ToySwarm.Peer(rate: Self.megabyte)
    let swarm = ToySwarm(
      size: 20_000_000, pieceLength: 1 << 20,
      peers: [peer, peer, ToySwarm.Peer(rate: Self.megabyte, leavesAt: 2)])
    #expect(swarm.run(limit: 15))
    #expect(swarm.wastedShare <= 0.02, "\(swarm.wastedShare) wasted")
  }

  // MARK: - Memory

  @Test func aStalledPeerDoesNotHoldUpAFullMemory() {
    var peers = Array(repeating: ToySwarm.Peer(rate: 100_000), count: 50)
    peers[7].stallsAt = 1
    let swarm = ToySwarm(size: 100_000_000, pieceLength: 1 << 20, peers: peers)
    swarm.pieceLimit = 4
    #expect(swarm.run(limit: 25), "at best 20 s")
    #expect(swarm.largestActiveCount == 4)
    #expect(swarm.wastedShare <= 0.02, "\(swarm.wastedShare) wasted")
  }

  @Test func wideWindowsThatHoldAllMemoryDoNotIdleTheOthersForEver() {
    let peers = Array(repeating: ToySwarm.Peer(rate: 100_000), count: 50)
    let swarm = ToySwarm(size: 100_000_000, pieceLength: 1 << 20, peers: peers)
    swarm.pieceLimit = 4
    swarm.sharesMemory = false
    #expect(swarm.run(limit: 100), "1000 s when one peer at a time works")
    #expect(swarm.wastedShare <= 0.04, "\(swarm.wastedShare) wasted")
  }

  @Test func peersOfDifferentSpeedsShareAShortMemory() {
    let rates = (1...16).map { Double($0) * 0.125 * Self.megabyte }
    let swarm = ToySwarm(
      size: 100_000_000, pieceLength: 262_144, peers: rates.map { ToySwarm.Peer(rate: $0) })
    swarm.pieceLimit = 64
    #expect(swarm.run())
    #expect(swarm.wastedShare <= 0.02, "\(swarm.wastedShare) wasted")
    let best = 100_000_000 / rates.reduce(0, +)
    #expect(swarm.time < best * 1.15, "\(swarm.time) s, at best \(best) s")
  }

  @Test func slowPeersDoNotFillTheMemoryOfAFastOne() {
    let fast = ToySwarm.Peer(rate: 5 * Self.megabyte)
    let slow = ToySwarm.Peer(rate: 20_000)
    let alone = ToySwarm(size: 60_000_000, pieceLength: 262_144, peers: [fast])
    let together = ToySwarm(
      size: 60_000_000, pieceLength: 262_144, peers: [fast] + Array(repeating: slow, count: 20))
    together.pieceLimit = 24
    #expect(alone.run())
    #expect(together.run())
    #expect(together.time < alone.time * 1.1, "\(together.time) s, alone \(alone.time) s")
    #expect(together.wastedShare <= 0.02, "\(together.wastedShare) wasted")
  }

  @Test func theMemoryIsSharedHalfEvenlyAndHalfByRate() throws {
    let (fast, slow) = (PeerNumber(0), PeerNumber(1))
    let board = try TestBoard(pieces: 1, seeds: [fast, slow])
    #expect(board.change { $0.fairShare(of: fast, capacity: 108) } == 50)
    board.change { $0.updatePeer(fast, rate: 3000, isSnubbed: false) }
    board.change { $0.updatePeer(slow, rate: 1000, isSnubbed: false) }
    #expect(board.change { $0.fairShare(of: fast, capacity: 108) } == 62)
    #expect(board.change { $0.fairShare(of: slow, capacity: 108) } == 37)
    #expect(board.change { $0.fairShare(of: slow, capacity: 1) } == 2)
    board.change { $0.peerLeft(slow) }
    #expect(board.change { $0.fairShare(of: fast, capacity: 104) } == 100)
  }

  // MARK: - Parts, failures and suspects

  @Test func peersWithAPartEachMakeAWhole() {
    let count = 80
    var parts = Array(repeating: Bitfield(count: count), count: 5)
    for piece in 0..<count { parts[piece % 5].insert(PieceIndex(piece)) }
    let swarm = ToySwarm(
      size: Int64(count) * 65536, pieceLength: 65536,
      peers: parts.map { ToySwarm.Peer(rate: 200_000, pieces: $0) })
    #expect(swarm.run(limit: 10))
    #expect(swarm.wastedBytes == 0)
  }

  @Test func aPieceThatOnlyASnubbedPeerHasIsFetchedInTheEnd() {
    let count = 8
    var most = Bitfield(count: count)
    for piece in 0..<count - 1 { most.insert(PieceIndex(piece)) }
    // One peer takes more than 10 s for a block, but the block comes.
    let swarm = ToySwarm(
      size: Int64(count) * 65536, pieceLength: 65536,
      peers: [ToySwarm.Peer(rate: 300_000, pieces: most), ToySwarm.Peer(rate: 800)])
    #expect(swarm.run(limit: 600))
  }

  @Test func theRarestPiecesAreOpenedFirst() {
    // Pieces 30 to 39 are at the seed only; the others have the rest, but bring nothing.
    let count = 40
    var common = Bitfield(count: count)
    for piece in 0..<30 { common.insert(PieceIndex(piece)) }
    let partial = ToySwarm.Peer(rate: 1, window: 1, pieces: common, stallsAt: 0)
    let swarm = ToySwarm(
      size: Int64(count) * 65536, pieceLength: 65536,
      peers: [ToySwarm.Peer(rate: 500_000)] + Array(repeating: partial, count: 3))
    #expect(swarm.run())
    // Four pieces are taken by chance at the start, and each of the other three peers opens one.
    let rare = swarm.opened.indices.filter { swarm.opened[$0].value >= 30 }
    #expect(rare.count == 10)
    #expect(rare.last ?? 40 < 10 + 4 + 3, "\(swarm.opened)")
  }

  @Test func aFailedPieceIsRetriedByOnePeerAlone() throws {
    let bad = PieceIndex(3)
    var peers = Array(repeating: ToySwarm.Peer(rate: 400_000), count: 6)
    for index in peers.indices { peers[index].spoils = [bad] }
    let swarm = ToySwarm(size: 8 << 20, pieceLength: 1 << 20, peers: peers)
    swarm.pieceLimit = 2
    #expect(swarm.run())
    let tries = try #require(swarm.senders[bad])
    #expect(tries.count == 2)
    #expect(tries[0].count > 1)
    #expect(tries[1].count == 1)
  }

  @Test func suspectsWorkAlone() {
    let swarm = ToySwarm(
      size: 16 << 20, pieceLength: 1 << 20,
      peers: Array(repeating: ToySwarm.Peer(rate: 400_000), count: 4))
    swarm.suspect(2)
    #expect(swarm.run())
    let shared = swarm.senders.values.joined().filter { $0.contains(2) && $0.count > 1 }
    let alone = swarm.senders.values.joined().filter { $0 == [2] }
    #expect(shared.isEmpty)
    #expect(!alone.isEmpty)
  }

  @Test func noWorkIsPulledInVain() {
    let peer = ToySwarm.Peer(rate: Self.megabyte)
    let swarm = ToySwarm(
      size: 20_000_000, pieceLength: 262_144, peers: Array(repeating: peer, count: 8))
    #expect(swarm.run())
    let blocks = 20_000_000 / 16384
    #expect(swarm.claimCount < blocks / 2, "\(swarm.claimCount) claims")
  }
}
