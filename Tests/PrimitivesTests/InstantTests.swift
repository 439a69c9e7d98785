import Primitives
import Testing

@Suite struct InstantTests {
  @Test func durationsAreAddedAndTakenAway() {
    let start = Instant(nanoseconds: 5)
    #expect((start + .seconds(2)).nanoseconds == 2_000_000_005)
    #expect((start - .milliseconds(1)).nanoseconds == -999_995)
    #expect(start + .seconds(2) - start == .seconds(2))
    #expect(Instant.zero < start)
  }

  @Test func whatIsOutOfRangeIsClamped() {
    let last = Instant.distantFuture
    let first = Instant(nanoseconds: .min)
    #expect(last + .seconds(1) == last)
    #expect(first - .seconds(1) == first)
    #expect(first + .seconds(-1) == first)
    #expect(last - .seconds(-1) == last)
    #expect(last - first == .nanoseconds(Int64.max))
    #expect(first - last == .nanoseconds(Int64.min))
    #expect(Instant.zero + .seconds(Int64.max) == last)
    #expect(Instant.zero + .seconds(Int64.min) == first)
  }

  @Test func durationsAreConverted() {
    #expect(Duration.milliseconds(1500).inNanoseconds == 1_500_000_000)
    #expect(Duration.milliseconds(-1500).inNanoseconds == -1_500_000_000)
    #expect(Duration.seconds(Int64.max).inNanoseconds == .max)
    #expect(Duration.seconds(Int64.min).inNanoseconds == .min)
    #expect(Duration.milliseconds(1500).inSeconds == 1.5)
  }
}

@Suite struct SeededRandomTests {
  // The numbers were computed by a separate program after the published algorithm.
  @Test func theSequenceFollowsFromTheSeed() {
    var zero = SeededRandom(seed: 0)
    #expect(
      (0..<4).map { _ in zero.next() }
        == [
          0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0,
          0x6AA5_94F1_262D_2D2C,
        ])
    var other = SeededRandom(seed: 1_234_567)
    #expect(
      (0..<4).map { _ in other.next() }
        == [
          0x30A3_A1C3_6360_0467, 0x1940_5F0F_5799_29CA, 0x115B_EAAC_046D_DBD9,
          0xEB17_CAF4_8F27_D7F6,
        ])
  }

  @Test func copiesGoOnAlike() {
    var first = SeededRandom(seed: 9)
    _ = first.next()
    var second = first
    #expect((0..<100).map { _ in first.next() } == (0..<100).map { _ in second.next() })
  }

  @Test func unpredictableOnesDiffer() {
    var first = SeededRandom.unpredictable()
    var second = SeededRandom.unpredictable()
    #expect((first.next(), first.next()) != (second.next(), second.next()))
  }
}
