import Networking
import Primitives
import Testing

struct TimerQueueTests {
  @Test func timersComeInTheOrderOfTheirDeadlines() {
    var queue = TimerQueue<Int>()
    for deadline in [5, 1, 4, 2, 3] {
      _ = queue.schedule(at: Instant(nanoseconds: Int64(deadline)), deadline)
    }
    #expect(queue.nextDeadline == Instant(nanoseconds: 1))
    #expect(drain(&queue, at: 10) == [1, 2, 3, 4, 5])
  }

  @Test func equalDeadlinesComeInTheOrderOfScheduling() {
    var queue = TimerQueue<Int>()
    for number in 0..<100 { _ = queue.schedule(at: .zero, number) }
    #expect(drain(&queue, at: 0) == Array(0..<100))
  }

  @Test func nothingComesBeforeItsDeadline() {
    var queue = TimerQueue<Int>()
    _ = queue.schedule(at: Instant(nanoseconds: 10), 1)
    #expect(queue.popFirst(dueAt: Instant(nanoseconds: 9)) == nil)
    #expect(queue.popFirst(dueAt: Instant(nanoseconds: 10)) == 1)
  }

  @Test func aTimerScheduledAfterTheSnapshotStays() {
    var queue = TimerQueue<Int>()
    _ = queue.schedule(at: .zero, 1)
    let last = queue.lastSequence
    _ = queue.schedule(at: .zero, 2)
    #expect(queue.popFirst(dueAt: .zero, scheduledUpTo: last) == 1)
    #expect(queue.popFirst(dueAt: .zero, scheduledUpTo: last) == nil)
  }

  @Test func theNameOfAFiredTimerMeansNoLaterOne() {
    var queue = TimerQueue<Int>()
    let first = queue.schedule(at: .zero, 1)
    #expect(queue.popFirst(dueAt: .zero) == 1)
    let second = queue.schedule(at: .zero, 2)
    #expect(first != second)
    #expect(queue.cancel(first) == nil)
    #expect(queue.count == 1)
    #expect(queue.cancel(second) == 2)
    #expect(queue.cancel(second) == nil)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func itBehavesLikeASortedArray(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var queue = TimerQueue<Int>()
    var model: [(deadline: Int64, number: Int, id: TimerID)] = []
    for number in 0..<2000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        let deadline = Int64.random(in: 0..<200, using: &random)
        let id = queue.schedule(at: Instant(nanoseconds: deadline), number)
        let place = model.firstIndex { $0.deadline > deadline } ?? model.count
        model.insert((deadline, number, id), at: place)
      case 6..<8 where !model.isEmpty:
        let victim = model.remove(at: Int.random(in: 0..<model.count, using: &random))
        #expect(queue.cancel(victim.id) == victim.number)
      default:
        let now = Int64.random(in: 0..<200, using: &random)
        let expected = model.first.flatMap { $0.deadline <= now ? $0.number : nil }
        #expect(queue.popFirst(dueAt: Instant(nanoseconds: now)) == expected)
        if expected != nil { model.removeFirst() }
      }
      #expect(queue.count == model.count)
    }
    #expect(drain(&queue, at: 200) == model.map(\.number))
  }

  private func drain(_ queue: inout TimerQueue<Int>, at now: Int64) -> [Int] {
    var numbers: [Int] = []
    while let number = queue.popFirst(dueAt: Instant(nanoseconds: now)) { numbers.append(number) }
    return numbers
  }
}
