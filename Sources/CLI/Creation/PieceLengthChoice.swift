/// How long pieces are when nobody says.
package enum PieceLengthChoice {
  /// The lengths that may be asked for, in bytes.
  package static let allowed: ClosedRange<Int64> = 1 << 14...1 << 28
  /// The lengths that are chosen, in bytes.
  private static let usual = 1 << 14...1 << 24
  /// How many pieces there are at most, as long as the length may still grow.
  private static let aim: Int64 = 2000

  /// The smallest power of 2 that makes no more than 2,000 pieces, from 16 KiB to 16 MiB.
  package static func length(for totalLength: Int64) -> Int {
    var length = usual.lowerBound
    while length < usual.upperBound, totalLength / Int64(length) >= aim { length *= 2 }
    return length
  }
}
