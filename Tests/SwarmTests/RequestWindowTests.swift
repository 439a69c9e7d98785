import Primitives
import Swarm
import Testing

@Suite struct RequestWindowTests {
  private func block(_ number: Int) -> Block {
    Block(piece: PieceIndex(number / 16), offset: number % 16 * 16384, length: 16384)
  }

  private func fill(_ window: inout RequestWindow, from next: inout Int, now: Instant) {
    while window.room > 0 {
      window.requested(block(next), isDuplicate: false, now: now)
      next += 1
    }
  }

  @Test func theWindowBeginsWithFive() {
    #expect(RequestWindow().target == 5)
    #expect(RequestWindow(cap: 3).target == 3)
    #expect(RequestWindow(pinned: 9).target == 9)
  }

  /// Plays round trips to a peer that queues whatever it is asked for; returns the targets.
  private func targets(ofTrips count: Int, lasting trip: Duration) -> [Int] {
    var window = RequestWindow()
    var (next, received) = (0, 0)
    var (now, targets) = (Instant.zero, [Int]())
    for _ in 0..<count {
      fill(&window, from: &next, now: now)
      targets.append(window.target)
      now = now + trip
      for _ in 0..<window.count {
        #expect(window.received(block(received), now: now) == .owed(isDuplicate: false))
        received += 1
      }
    }
    return targets
  }

  @Test func theWindowGrowsFivefoldEachRoundTripUntilTheCap() {
    #expect(targets(ofTrips: 7, lasting: .milliseconds(1)) == [5, 25, 125, 374, 500, 500, 500])
  }

  /// Each doubling is proved by half as many answers in order.
  @Test func theWindowOfAFarPeerGrowsFurther() {
    let reached = targets(ofTrips: 8, lasting: .milliseconds(100))
    #expect(reached == [5, 25, 125, 374, 1000, 2000, 2000, 2000])
  }

  /// The peer has a queue of 100 requests, silently drops requests that find it full, and brings 50
  /// blocks a second.
  @Test func droppedRequestsAreTakenBackAndTellHowLongTheQueueIs() {
    var window = RequestWindow()
    var (queue, lost, askAnew) = ([Block](), Set<Block>(), [Block]())
    var (next, lostLater) = (0, 0)
    for step in 0..<3000 {
      let now = Instant.zero + .milliseconds(20 * step)
      if let block = queue.first {
        queue.removeFirst()
        #expect(window.received(block, now: now) == .owed(isDuplicate: false))
      }
      if step % 25 == 0 {
        _ = window.tick(now: now)
        let forgotten = window.takeForgotten(now: now)
        #expect(lost.isSuperset(of: forgotten))
        lost.subtract(forgotten)
        askAnew += forgotten
      }
      while window.room > 0 {
        let wanted = askAnew.popLast() ?? block(next)
        if wanted == block(next) { next += 1 }
        window.requested(wanted, isDuplicate: false, now: now)
        if queue.count < 100 {
          queue.append(wanted)
        } else {
          lost.insert(wanted)
          if step > 1500 { lostLater += 1 }
        }
      }
    }
    #expect(lost.isEmpty)
    #expect(lostLater == 0)
    #expect((80...100).contains(window.target))
  }

  /// The peer brings 50 blocks a second, always another one than the first.
  @Test func aPeerWithAnOrderOfItsOwnKeepsItsWindow() {
    var window = RequestWindow()
    var next = 0
    for step in 0..<3000 {
      let now = Instant.zero + .milliseconds(20 * step)
      if window.count > 0 {
        let block = window.ledger[step * 7919 % window.count].block
        #expect(window.received(block, now: now) == .owed(isDuplicate: false))
      }
      if step % 25 == 0 {
        _ = window.tick(now: now)
        _ = window.takeForgotten(now: now)
      }
      fill(&window, from: &next, now: now)
    }
    #expect((140...160).contains(window.target))
  }

  /// Pieces of 1 KiB make blocks of 1 KiB, and as many of them must be under way.
  @Test func shortBlocksNeedAsManyRequests() {
    var window = RequestWindow(blockLength: 1024)
    var next = 0
    var owed: [Block] = []
    for trip in 0..<100 {
      let now = Instant(nanoseconds: Int64(trip) * 500_000_000)
      _ = window.tick(now: now)
      while window.room > 0 {
        let block = Block(piece: PieceIndex(next), offset: 0, length: 1024)
        window.requested(block, isDuplicate: false, now: now)
        owed.append(block)
        next += 1
      }
      let later = now + .milliseconds(500)
      for block in owed {
        #expect(window.received(block, now: later) == .owed(isDuplicate: false))
      }
      owed = []
    }
    #expect(window.target == RequestWindow.farCap)
  }

  @Test func thePeersQueueBoundsTheWindow() {
    var window = RequestWindow()
    window.peerQueues(3)
    #expect(window.target == 3)
    window.peerQueues(0)
    #expect(window.target == 1)
    var pinned = RequestWindow(pinned: 400)
    #expect(pinned.target == 400)
    pinned.peerQueues(50)
    #expect(pinned.target == 47)
  }

  @Test(arguments: [(600, 563), (2000, 1875), (100_000, 1875)])
  func aDeepQueueLetsTheWindowGrow(queue: Int, limit: Int) {
    var window = RequestWindow()
    window.peerQueues(queue)
    var (next, received) = (0, 0)
    for _ in 0..<10 {
      fill(&window, from: &next, now: .zero)
      for _ in 0..<window.count {
        #expect(window.received(block(received), now: .zero) == .owed(isDuplicate: false))
        received += 1
      }
    }
    #expect(window.target == limit)
  }

  /// Plays a peer of a fixed rate for some seconds; returns the window's size at the end.
  private func targetAfter(seconds: Int, bytesPerSecond: Double) -> Int {
    var window = RequestWindow()
    var (next, received) = (0, 0)
    let perTick = bytesPerSecond / 10 / 16384
    var credit = 0.0
    for tick in 0..<seconds * 10 {
      let now = Instant(nanoseconds: Int64(tick) * 100_000_000)
      fill(&window, from: &next, now: now)
      credit += perTick
      while credit >= 1, window.count > 0 {
        _ = window.received(block(received), now: now)
        received += 1
        credit -= 1
      }
      credit = min(credit, Double(window.count))
      _ = window.tick(now: now)
    }
    return window.target
  }

  @Test func aSlowPeerHoldsWhatItCanBringInSeconds() {
    #expect((2...8).contains(targetAfter(seconds: 20, bytesPerSecond: 20480)))
  }

  @Test func aFastPeerGetsTheCap() {
    #expect(targetAfter(seconds: 10, bytesPerSecond: 50e6) == RequestWindow.provenCap)
  }

  @Test func aPeerThatAnswersOutOfOrderKeepsTheSmallerCap() {
    var window = RequestWindow()
    var (next, now) = (0, Instant.zero)
    for _ in 0..<40 {
      fill(&window, from: &next, now: now)
      now = now + .milliseconds(10)
      // The last one asked for comes first, then the others in order.
      let owed = (0..<window.count).map { window.ledger[$0].block }
      for block in owed.suffix(1) + owed.dropLast().prefix(100) {
        #expect(window.received(block, now: now) == .owed(isDuplicate: false))
      }
    }
    #expect(window.target == RequestWindow.defaultCap)
  }

  @Test func aPeerThatGoesSilentIsSnubbedAndComesBack() {
    var window = RequestWindow()
    var next = 0
    fill(&window, from: &next, now: .zero)
    #expect(window.tick(now: .zero + .seconds(9)) == false)
    #expect(window.tick(now: .zero + .seconds(11)) == true)
    #expect(window.isSnubbed == true)
    #expect(window.target == 1)
    #expect(window.room == 0)
    #expect(window.tick(now: .zero + .seconds(12)) == false)
    #expect(window.received(block(0), now: .zero + .seconds(13)) == .owed(isDuplicate: false))
    #expect(window.isSnubbed == false)
  }

  @Test func aBlockOutOfOrderIsFoundAndAnUnknownOneIsNot() {
    var window = RequestWindow()
    var next = 0
    fill(&window, from: &next, now: .zero)
    #expect(window.received(block(3), now: .zero) == .owed(isDuplicate: false))
    #expect(window.received(block(3), now: .zero) == .unrequested)
    #expect(window.cancelled(block(1), now: .zero) == true)
    #expect(window.cancelled(block(1), now: .zero) == false)
    #expect(window.choked(now: .zero) == [block(0), block(2), block(4)])
    #expect(window.isEmpty == true)
  }

  @Test func singleBytesDoNotKeepAPeerFromBeingLate() {
    var window = RequestWindow()
    window.requested(block(0), isDuplicate: false, now: .zero)
    for second in 1...29 {
      let now = Instant.zero + .seconds(second)
      window.progressed(now: now)
      #expect(window.tick(now: now) == false)
    }
    window.progressed(now: .zero + .seconds(31))
    #expect(window.tick(now: .zero + .seconds(31)) == true)
    #expect(window.isSnubbed == true)
  }

  @Test func aPeerThatBringsNoBlockOfThoseItOwesIsStalled() {
    var window = RequestWindow()
    #expect(window.isStalled(now: .zero + .seconds(1000)) == false)
    window.requested(block(0), isDuplicate: false, now: .zero)
    window.requested(block(1), isDuplicate: false, now: .zero)
    window.progressed(now: .zero + .seconds(140))
    #expect(window.received(block(0), now: .zero + .seconds(149)) == .owed(isDuplicate: false))
    #expect(window.isStalled(now: .zero + .seconds(290)) == false)
    #expect(window.isStalled(now: .zero + .seconds(300)) == true)
  }

  // MARK: - Chokes

  /// Brings a MiB a second for so long, in blocks on whole sixty-fourths of a second.
  private func bring(
    _ window: inout RequestWindow, _ next: inout Int, from start: Double, seconds: Double
  ) {
    for step in 0..<Int(seconds * 64) {
      let now = Instant.zero + .seconds(start + Double(step) / 64)
      fill(&window, from: &next, now: now)
      if let first = window.ledger.first { _ = window.received(first.block, now: now) }
      if step % 32 == 0 { _ = window.tick(now: now) }
    }
  }

  @Test func theTimeOfAChokeDoesNotMakeAPeerSlow() {
    var window = RequestWindow()
    var next = 0
    bring(&window, &next, from: 0, seconds: 10)
    #expect((185...200).contains(window.target))
    #expect(window.choked(now: .zero + .seconds(10)).isEmpty == false)
    #expect(window.isEmpty == true)
    for tick in 0..<60 { _ = window.tick(now: .zero + .seconds(10 + tick / 2)) }
    window.unchoked(now: .zero + .seconds(40))
    _ = window.tick(now: .zero + .seconds(40))
    #expect((185...200).contains(window.target))
    #expect((1_000_000...1_100_000).contains(window.bytesPerSecond))
    #expect(window.isSnubbed == false)
  }

  /// A spell that brought nothing promises little for the next one; each block that comes changes
  /// that.
  @Test func aSpellBeginsWithTwiceWhatTheOneBeforeBrought() {
    var window = RequestWindow(pinned: 100)
    var next = 0
    fill(&window, from: &next, now: .zero)
    #expect(window.count == 100)
    for number in 0..<6 {
      #expect(window.received(block(number), now: .zero) == .owed(isDuplicate: false))
    }
    _ = window.choked(now: .zero)
    window.unchoked(now: .zero)
    #expect(window.target == 5 + 2 * 6)
    fill(&window, from: &next, now: .zero)
    _ = window.choked(now: .zero)
    window.unchoked(now: .zero)
    #expect(window.target == 5)
    fill(&window, from: &next, now: .zero)
    let first = window.ledger[0].block
    #expect(window.received(first, now: .zero) == .owed(isDuplicate: false))
    #expect(window.target == 9)
  }

  /// Returns the number of spells of that length, out of `count`, in which we may ask.
  private func spellsAsked(of count: Int, every cycle: Duration) -> Int {
    var window = RequestWindow()
    var now = Instant.zero
    var asked = 0
    for number in 0..<count {
      window.unchoked(now: now)
      if window.mayAsk(now: now) {
        asked += 1
        window.requested(block(number), isDuplicate: false, now: now)
        #expect(window.mayAsk(now: now) == true, "once asked, the spell goes on")
      }
      _ = window.choked(now: now)
      now = now + cycle
    }
    return asked
  }

  @Test func aPeerIsAskedInEachSpellUnlessTheyComeWithoutEnd() {
    #expect(spellsAsked(of: 1000, every: .milliseconds(100)) == 1000)
    #expect(spellsAsked(of: 1000, every: .milliseconds(40)) == 1000)
    // The spells of one second at once, and then 25 in each second.
    #expect((49...51).contains(spellsAsked(of: 1000, every: .milliseconds(1))))
  }

  @Test func aPeerIsWatchedForAWhileAfterAChoke() {
    var window = RequestWindow()
    #expect(window.isSteady(now: .zero) == true)
    _ = window.choked(now: .zero + .seconds(5))
    #expect(window.isSteady(now: .zero + .seconds(6)) == false)
    #expect(window.isSteady(now: .zero + .seconds(7)) == true)
  }
}
