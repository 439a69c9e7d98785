package import Download
import Primitives

/// Draws a download's live line for a terminal: a pure function of what is known and the width.
///
/// The line never reaches the last column, so that it cannot wrap; parts are left out, the least
/// important first, until the rest fits.
package struct ProgressRenderer: Sendable {
  /// The torrent's name, cleaned.
  package let name: String
  /// Whether colours may be used.
  package let usesColor: Bool
  private let work: DiskWork

  /// Creates a renderer for a torrent of that name.
  package init(name: String, usesColor: Bool, work: DiskWork = .checking) {
    self.work = work
    self.name = TerminalText.cleaned(name)
    self.usesColor = usesColor
  }

  /// The line while data is being fetched.
  package func line(_ progress: ProgressSnapshot, columns: Int) -> String {
    line(
      done: progress.verifiedBytes, total: progress.totalBytes,
      details: [
        sizes(progress.verifiedBytes, of: progress.totalBytes),
        ByteText.rate(progress.downloadRate),
        "ETA \(progress.eta.map(ByteText.clock) ?? "--:--")",
        peers(progress),
      ], columns: columns)
  }

  /// The line while data on disk is being checked or hashed.
  package func checkingLine(done: Int64, total: Int64, columns: Int) -> String {
    line(
      done: done, total: total, details: [work.present, sizes(done, of: total)], columns: columns)
  }

  /// The line while we only give.
  package func seedingLine(_ progress: ProgressSnapshot, columns: Int) -> String {
    let text =
      "seeding  up \(ByteText.rate(progress.uploadRate))"
      + "  sent \(ByteText.size(progress.uploadedBytes))  \(peers(progress))"
    let room = max(0, columns - 1)
    let nameRoom = max(0, min(TerminalText.width(name), room - TerminalText.width(text) - 2))
    let shownName = TerminalText.truncated(name, to: nameRoom)
    return TerminalText.truncated(shownName.isEmpty ? text : "\(shownName)  \(text)", to: room)
  }

  /// The strip of parts below the line while data is being fetched, and behind it who brings them;
  /// empty when nothing is known.
  package func strip(_ progress: ProgressSnapshot, columns: Int) -> String {
    let room = columns - 3
    let origins = OriginText.connected(progress)
    let originRoom = origins.isEmpty ? 0 : TerminalText.width(origins) + 2
    // Where both have no room, the strip matters more.
    let showsOrigins = originRoom > 0 && room - originRoom >= Self.shortestStrip
    let text = PieceStrip.text(
      shares: progress.pieceMap, columns: showsOrigins ? room - originRoom : room)
    guard !text.isEmpty else { return "" }
    return "  " + (usesColor ? "\u{1B}[36m\(text)\u{1B}[0m" : text)
      + (showsOrigins ? "  \(origins)" : "")
  }

  private func sizes(_ done: Int64, of total: Int64) -> String {
    "\(ByteText.size(done)) of \(ByteText.size(total))"
  }

  private func peers(_ progress: ProgressSnapshot) -> String {
    let count = progress.connectedPeers
    let noun = count == 1 ? "peer" : "peers"
    return progress.seeds > 0 ? "\(count) \(noun) (\(progress.seeds) seeding)" : "\(count) \(noun)"
  }

  private static let shortestStrip = 24
  private static let shortestBar = 10
  private static let longestBar = 40
  private static let shortestName = 8

  private func line(done: Int64, total: Int64, details: [String], columns: Int) -> String {
    let room = max(0, columns - 1)
    let percent = ByteText.percent(done, of: total)
    var details = details
    // The percentage and a short bar matter most; details go from the right.
    func width(_ details: [String]) -> Int {
      TerminalText.width(([percent] + details).joined(separator: "  "))
    }
    while !details.isEmpty, width(details) + Self.shortestBar + 4 > room { details.removeLast() }
    let tail = ([percent] + details).joined(separator: "  ")
    let left = room - TerminalText.width(tail)
    guard left >= Self.shortestBar + 4 else { return TerminalText.truncated(tail, to: room) }
    let nameRoom = left - Self.shortestBar - 6
    let shownName =
      nameRoom >= Self.shortestName
      ? TerminalText.truncated(name, to: min(nameRoom, max(Self.shortestName, room / 3))) : ""
    let head = shownName.isEmpty ? "" : shownName + "  "
    let barRoom = min(Self.longestBar, left - TerminalText.width(head) - 4)
    return head + bar(done: done, total: total, length: barRoom) + "  " + tail
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
