import Hashing
import PeerWire
import Primitives
import Testing

@Suite struct MetadataAssemblerTests {
  @Test(arguments: [1, 16384, 16385, 100_000])
  func oneHonestPeerIsEnough(size: Int) throws {
    var play = try MetadataPlay(size: size)
    play.add(1, .honest)
    try play.run(seconds: 1)
    #expect(play.result == play.info)
    #expect(play.liars.isEmpty)
    #expect(play.requests.count == MetadataMessage.pieceCount(ofSize: size))
    #expect(play.assembler.nextRequests(now: play.now).isEmpty)
  }

  @Test func peersShareTheWork() throws {
    var play = try MetadataPlay(size: 20 * 16384)
    for peer in 0..<5 { play.add(peer, .slow(.seconds(1))) }
    try play.run(seconds: 10)
    #expect(play.result == play.info)
    #expect(play.requests.count == 20)
    #expect(Set(play.requests.map(\.request.peer)) == [0, 1, 2, 3, 4])
    #expect(Set(play.requests.map(\.request.piece)).count == 20)
  }

  @Test func aPeerOwesFewPiecesAtATime() throws {
    var play = try MetadataPlay(size: 100 * 16384)
    play.add(1, .silent)
    #expect(play.assembler.nextRequests(now: .zero).map(\.piece) == [0, 1, 2, 3])
    #expect(play.assembler.nextRequests(now: .zero).isEmpty)
  }

  @Test func aPieceThatDoesNotComeIsAskedOfAnotherAfterAWhile() throws {
    var play = try MetadataPlay(size: 16384)
    play.add(1, .silent)
    play.add(2, .honest)
    try play.run(seconds: 10)
    #expect(play.result == play.info)
    #expect(play.requests.map(\.request.peer) == [1, 2])
    #expect(play.requests[1].time == .zero + .seconds(3))
  }

  @Test func whoHasNothingIsLeftAloneForAWhile() throws {
    var play = try MetadataPlay(size: 16384)
    play.add(1, .rejecting)
    try play.run(seconds: 19)
    #expect(play.requests.count == 1)
    try play.run(seconds: 52)
    #expect(play.requests.count >= 2)
    play.manners[1] = .honest
    try play.run(seconds: 71)
    #expect(play.result == play.info)
  }

  @Test func aPieceThatComesLateIsWelcome() throws {
    var play = try MetadataPlay(size: 16384)
    play.add(1, .slow(.seconds(25)))
    try play.run(seconds: 26)
    #expect(play.result == play.info)
  }

  // MARK: - Lies

  @Test func aLiarAmongHonestPeersIsFound() throws {
    var play = try MetadataPlay(size: 10 * 16384)
    for peer in 0..<6 { play.add(peer, peer == 2 ? .lying(nil) : .honest) }
    try play.run(seconds: 60)
    #expect(play.result == play.info)
    #expect(play.liars == [2])
  }

  @Test func aLiarWhoLeavesIsFoundAllTheSame() throws {
    var play = try MetadataPlay(size: 8 * 16384)
    play.add(0, .lying(nil))
    play.add(1, .slow(.seconds(1)))
    try play.run(seconds: 1)
    play.leave(0)
    play.manners[1] = .honest
    try play.run(seconds: 120)
    #expect(play.result == play.info)
    #expect(play.liars == [0])
  }

  @Test func aLiarAloneIsReportedAndTheNextPeerIsAsked() throws {
    var play = try MetadataPlay(size: 50_000)
    play.add(0, .lying([1]))
    try play.run(seconds: 5)
    #expect(play.liars == [0])
    #expect(play.result == nil)
    play.add(1, .honest)
    try play.run(seconds: 5)
    #expect(play.result == play.info)
  }

  @Test func oneHonestPeerPrevailsOverManyLiars() throws {
    var play = try MetadataPlay(size: 5 * 16384)
    for peer in 0..<30 { play.add(peer, peer == 23 ? .honest : .lying([peer % 5])) }
    try play.run(seconds: 600)
    #expect(play.result == play.info)
    #expect(!play.liars.contains(23))
    #expect(Set(play.liars).count == play.liars.count)
  }

  @Test func otherClaimsOfLengthDoNotHideTheRightOne() throws {
    var play = try MetadataPlay(size: 70_000)
    for peer in 0..<40 { play.add(peer, .silent, size: 70_001 + peer) }
    for peer in 40..<60 { play.add(peer, .lying(nil), size: 60_000 - peer) }
    play.add(100, .honest)
    try play.run(seconds: 3600)
    #expect(play.result == play.info)
    #expect(!play.liars.contains(100))
  }

  @Test func whoDragsItOutLosesHisTurn() throws {
    var play = try MetadataPlay(size: 50_000)
    for peer in 0..<6 { play.add(peer, .trickling(.seconds(15)), size: 4_000_000 + peer) }
    play.add(100, .honest)
    try play.run(seconds: 1500)
    #expect(play.result == play.info)
  }

  @Test func whoDragsOutHisTurnAloneLosesItToo() throws {
    var play = try MetadataPlay(size: 40 * 16384)
    for peer in 0..<3 { play.add(peer, .trickling(.seconds(15))) }
    play.add(100, .slow(.seconds(2)))
    try play.run(seconds: 3600)
    #expect(play.result == play.info)
    #expect(!play.liars.contains(100))
  }

  // MARK: - Bounds

  @Test func lengthsOutOfRangeTakeNoPart() throws {
    var play = try MetadataPlay(size: 100)
    for (peer, size) in [0, -1, .min, .max, 31_457_281].enumerated() {
      play.assembler.joined(peer, size: size)
      #expect(!play.assembler.contains(peer))
    }
    #expect(play.assembler.nextRequests(now: .zero).isEmpty)
    play.assembler.joined(9, size: 31_457_280)
    #expect(play.assembler.nextRequests(now: .zero).count == 4)
  }

  @Test func aPieceOfTheWrongLengthIsAnOffence() throws {
    for length in [1, 16383, 3] {
      var play = try MetadataPlay(size: 40_000)
      play.add(1, .silent)
      _ = play.assembler.nextRequests(now: .zero)
      let message = MetadataMessage.data(
        piece: 0, totalSize: nil, bytes: Array(repeating: 0, count: length))
      #expect(throws: WireError.badExtensionMessage(.metadata)) {
        try play.assembler.received(message, from: 1, now: .zero)
      }
      #expect(!play.assembler.contains(1))
    }
  }

  @Test func whatNobodyAskedForIsIgnored() throws {
    var play = try MetadataPlay(size: 16384)
    play.add(1, .honest)
    let message = MetadataMessage.data(piece: 0, totalSize: nil, bytes: play.info)
    for peer in [1, 2] {
      let outcome = try play.assembler.received(message, from: peer, now: .zero)
      #expect(outcome.info == nil && outcome.liars.isEmpty)
    }
    _ = try play.assembler.received(.reject(piece: 0), from: 1, now: .zero)
    #expect(play.assembler.nextRequests(now: .zero).count == 1)
  }

  @Test(arguments: UInt64(0)..<30)
  func whateverTheOthersDoOneHonestPeerIsEnough(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var play = try MetadataPlay(size: Int.random(in: 1...150_000, using: &random), seed: seed)
    let count = Int.random(in: 1...12, using: &random)
    let honest = Int.random(in: 0..<count, using: &random)
    for peer in 0..<count {
      let manners: [MetadataPlay.Manner] = [
        .honest, .lying(nil), .lying([0]), .silent, .rejecting, .trickling(.seconds(9)),
        .slow(.seconds(4)),
      ]
      let manner = manners[Int.random(in: 0..<manners.count, using: &random)]
      let isOfOwnSize = peer != honest && random.next() % 3 == 0
      let size = isOfOwnSize ? Int.random(in: 1...200_000, using: &random) : nil
      play.add(peer, peer == honest ? .honest : manner, size: size)
    }
    try play.run(seconds: 7200)
    #expect(play.result == play.info)
    #expect(!play.liars.contains(honest))
    #expect(Set(play.liars).count == play.liars.count)
  }
}
