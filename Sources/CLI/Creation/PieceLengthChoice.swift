/// The piece length of a new torrent.
package enum PieceLengthChoice {
  /// The piece lengths that the user may choose, in bytes.
  package static let allowed: ClosedRange<Int64> = 1 << 14...1 << 28
  /// The piece lengths that are chosen automatically, in bytes.
  private static let usual = 1 << 14...1 << 24
  /// The maximum number of pieces, as long as the piece length can grow.
  private static let aim: Int64 = 2000

  /// Returns the smallest power of 2 from 16 KiB to 16 MiB that makes at most 2,000 pieces.
  package static func length(for totalLength: Int64) -> Int {
    var length = usual.lowerBound
    while length < usual.upperBound, totalLength / Int64(length) >= aim { length *= 2 }
    return length
  }
}
