/// A strip that shows which parts of a torrent are there, one column a part.
package enum PieceStrip {
  /// The strip of at most so many columns; empty when there is nothing to show.
  ///
  /// - Parameters:
  ///   - shares: How much of each part is there, from 0 to 1, in the torrent's order.
  ///   - columns: The room.
  /// - Returns: One character a column.
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

  /// Only what is whole looks whole, and only what is empty looks empty.
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
