package import Download
import Primitives

/// The live line of a download on a terminal, as a pure function of the progress and the width.
///
/// The line never reaches the last column, so it cannot wrap. If it does not fit, the least
/// important parts are left out first.
package struct ProgressRenderer: Sendable {
  /// The torrent's name, cleaned.
  package let name: String
  /// A Boolean value indicating whether colours may be used.
  package let usesColor: Bool
  private let work: DiskWork

  /// Creates a renderer for a torrent.
  package init(name: String, usesColor: Bool, work: DiskWork = .checking) {
    self.work = work
    self.name = TerminalText.cleaned(name)
    self.usesColor = usesColor
  }

  /// Returns the line of a running download.
  ///
  /// Every number has room to grow, so that only changed parts move.
  package func line(
    _ progress: ProgressSnapshot, columns: Int, nameWidth: Int? = nil
  ) -> String {
    let rate = ByteText.rate(progress.downloadRate)
    let eta = progress.eta.map(ByteText.clock) ?? "--:--"
    return line(
      done: progress.verifiedBytes, total: progress.totalBytes,
      details: [
        Detail(sizes(progress.verifiedBytes, of: progress.totalBytes), rank: 2),
        Detail(Self.padded(rate, to: 11), rank: 4),
        Detail("ETA " + Self.padded(eta, to: 5), rank: 3),
        Detail(peers(progress), rank: 1, width: 17),
      ], columns: columns, nameWidth: nameWidth)
  }

  /// Returns the line of a check, or of hashing, of data on disk.
  package func checkingLine(
    done: Int64, total: Int64, columns: Int, nameWidth: Int? = nil
  ) -> String {
    line(
      done: done, total: total,
      details: [
        Detail(sizes(done, of: total), rank: 1), Detail(work.present, rank: 2),
      ], columns: columns, nameWidth: nameWidth)
  }

  /// Returns the line of a seed.
  package func seedingLine(
    _ progress: ProgressSnapshot, columns: Int, nameWidth: Int? = nil
  ) -> String {
    let rate = Self.padded(ByteText.rate(progress.uploadRate), to: 11)
    let share = progress.share.map { " \($0) of it" } ?? ""
    return line(
      "seeding\(share)  up \(rate)  sent \(ByteText.size(progress.uploadedBytes))  \(peers(progress))",
      columns: columns, nameWidth: nameWidth)
  }

  /// Returns a line with the name and some words.
  package func line(_ words: String, columns: Int, nameWidth: Int? = nil) -> String {
    let room = max(0, columns - 1)
    let nameRoom = min(column(nameWidth, room), room - TerminalText.width(words) - 2)
    let head = nameRoom > 0 ? Self.fitted(name, to: nameRoom) + "  " : ""
    return TerminalText.truncated(head + words, to: room)
  }

  /// Returns the second line of a running download: a strip of the pieces, and the sources of the
  /// connected peers.
  ///
  /// It is empty if nothing is known.
  package func strip(_ progress: ProgressSnapshot, columns: Int) -> String {
    let room = columns - 3
    let origins = OriginText.connected(progress)
    let originRoom = origins.isEmpty ? 0 : TerminalText.width(origins) + 2
    // If there is not enough room for both, the strip matters more.
    let showsOrigins = originRoom > 0 && room - originRoom >= Self.shortestStrip
    let text = PieceStrip.text(
      shares: progress.pieceMap, columns: showsOrigins ? room - originRoom : room)
    guard !text.isEmpty else { return "" }
    return "  " + (usesColor ? "\u{1B}[36m\(text)\u{1B}[0m" : text)
      + (showsOrigins ? "  \(origins)" : "")
  }

  /// Returns sizes padded so that those of several torrents line up, except for the largest.
  private func sizes(_ done: Int64, of total: Int64) -> String {
    Self.padded(ByteText.size(done, of: total), to: 18)
  }

  private func peers(_ progress: ProgressSnapshot) -> String {
    let count = progress.connectedPeers
    let peers = "\(count) \(count == 1 ? "peer" : "peers")"
    return progress.seeds > 0
      ? "\(peers), \(progress.seeds) \(progress.seeds == 1 ? "seed" : "seeds")" : peers
  }

  /// A piece of information after the bar.
  private struct Detail {
    let text: String
    /// The importance; the detail with the lowest rank is left out first.
    let rank: Int
    /// The width reserved for it.
    let width: Int

    init(_ text: String, rank: Int, width: Int = 0) {
      self.text = text
      self.rank = rank
      self.width = max(width, TerminalText.width(text))
    }
  }

  private static let shortestStrip = 24
  private static let shortestBar = 10
  private static let longestBar = 40
  private static let shortestName = 8

  /// Returns the width of the name: as much as it needs, up to a third of the line.
  private func column(_ nameWidth: Int?, _ room: Int) -> Int {
    min(nameWidth ?? TerminalText.width(name), max(Self.shortestName, room / 3))
  }

  /// Returns a line with the percentage, the name, a bar and details, as far as they fit.
  ///
  /// They matter in this order; details are left out by rank.
  private func line(
    done: Int64, total: Int64, details: [Detail], columns: Int, nameWidth: Int?
  ) -> String {
    let room = max(0, columns - 1)
    let percent = Self.padded(ByteText.percent(done, of: total), to: 6)
    let nameColumn = column(nameWidth, room)
    let leastName = min(nameColumn, Self.shortestName) + 2
    let leastBar = Self.shortestBar + 4
    var details = details
    func tailWidth() -> Int { details.reduce(percent.count) { $0 + 2 + $1.width } }
    while tailWidth() + leastBar + leastName > room,
      let least = details.indices.min(by: { details[$0].rank < details[$1].rank })
    {
      details.remove(at: least)
    }
    let left = room - tailWidth()
    let tail = ([percent] + details.map(\.text)).joined(separator: "  ")
    guard left >= leastName else {
      return TerminalText.truncated(percent.trimmed, to: room)
    }
    guard left >= leastName + leastBar else {
      return Self.fitted(name, to: left - 2) + "  " + tail
    }
    let nameRoom = min(nameColumn, left - leastBar - 2)
    let barRoom = min(Self.longestBar, left - nameRoom - 6)
    return Self.fitted(name, to: nameRoom) + "  " + bar(done: done, total: total, length: barRoom)
      + "  " + tail
  }

  /// Returns text of exactly that width, truncated or padded at its end.
  private static func fitted(_ text: String, to width: Int) -> String {
    let cut = TerminalText.truncated(text, to: width)
    return cut + String(repeating: " ", count: max(0, width - TerminalText.width(cut)))
  }

  /// Returns text of at least that width, padded at its beginning.
  private static func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private func bar(done: Int64, total: Int64, length: Int) -> String {
    let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
    let filled = Int(share * Double(length))
    let empty = String(repeating: " ", count: length - filled)
    var full = String(repeating: "=", count: filled)
    if filled > 0, filled < length { full = String(full.dropLast()) + ">" }
    return usesColor ? "[\u{1B}[32m\(full)\u{1B}[0m\(empty)]" : "[\(full)\(empty)]"
  }
}

extension String {
  /// The text without spaces at its beginning.
  fileprivate var trimmed: String { String(drop { $0 == " " }) }
}
