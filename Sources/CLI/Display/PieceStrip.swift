/// A strip that shows the complete parts of a torrent, one column for each part.
package enum PieceStrip {
  /// Returns a strip of at most that many columns; empty if there is nothing to show.
  ///
  /// - Parameters:
  ///   - shares: The complete share of each part, from 0 to 1, in the torrent's order.
  ///   - columns: The maximum number of columns.
  /// - Returns: A text with one character for each column.
  package static func text(shares: [Double], columns: Int) -> String {
    let count = min(columns, shares.count)
    guard count > 0 else { return "" }
    return (0..<count).map { column in
      let first = column * shares.count / count
      let last = max(first + 1, (column + 1) * shares.count / count)
      let part = shares[first..<last]
      return character(part.reduce(0, +) / Double(part.count))
    }.joined()
  }

  /// Returns a character that is full only for a complete share and empty only for none.
  private static func character(_ share: Double) -> String {
    switch share {
    case ..<0.000_001: "·"
    case ..<0.34: "░"
    case ..<0.67: "▒"
    case ..<0.999_999: "▓"
    default: "█"
    }
  }
}
