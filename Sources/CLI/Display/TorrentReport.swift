package import Metainfo
import Primitives

/// A torrent's fields as text for people, safe for a terminal whatever the torrent holds.
package struct TorrentReport {
  private let torrent: TorrentMetainfo

  /// Creates the report on a torrent.
  package init(_ torrent: TorrentMetainfo) {
    self.torrent = torrent
  }

  /// The whole report, every line ended.
  package var text: String {
    (facts.map(Self.line) + places + files + warnings).map { $0 + "\n" }.joined()
  }

  /// The files that are wanted, each with its number from 1 and its size.
  package func fileList(_ selection: FileSelection = .all) -> String {
    let files = torrent.layout.files.filter { selection.contains($0.index) }
    let shown = files.map { file in
      (
        number: "\(file.index + 1)", size: ByteText.size(file.length),
        text: Self.cleaned(file.displayPath) + Self.notes(file)
      )
    }
    let numberWidth = shown.map(\.number.count).max() ?? 0
    let sizeWidth = shown.map(\.size.count).max() ?? 0
    func padded(_ text: String, to width: Int) -> String {
      String(repeating: " ", count: width - text.count) + text
    }
    return shown.map { file in
      "\(padded(file.number, to: numberWidth))  \(padded(file.size, to: sizeWidth))  \(file.text)\n"
    }.joined()
  }

  private var facts: [(String, String)] {
    let geometry = torrent.geometry
    var facts = [
      ("name", torrent.name),
      ("info-hash", torrent.infoHash.description),
      ("size", Self.exactSize(geometry.totalLength)),
      ("pieces", "\(geometry.pieceCount) of \(Self.exactSize(Int64(geometry.pieceLength)))"),
      ("private", torrent.isPrivate ? "yes: peers come from its trackers only" : "no"),
    ]
    if torrent.info.isHybrid { facts.append(("version", "1, with version 2 hashes as well")) }
    let optional: [(String, String?)] = [
      ("source", torrent.source),
      ("created", torrent.creationDate.map(Self.date)),
      ("created by", torrent.createdBy),
      ("comment", torrent.comment),
      ("encoding", torrent.encoding),
    ]
    for case (let label, let value?) in optional { facts.append((label, value)) }
    return facts + torrent.otherFields.map { ($0.name, $0.value) }
  }

  private var places: [String] {
    let tiers = torrent.trackers.enumerated().flatMap { tier, urls in
      urls.map { ("tracker", torrent.trackers.count > 1 ? "\($0)  (tier \(tier + 1))" : $0) }
    }
    let nodes = torrent.nodes.map { node in
      (
        "DHT node",
        node.host.contains(":") ? "[\(node.host)]:\(node.port)" : "\(node.host):\(node.port)"
      )
    }
    let magnet = [("magnet", MagnetLink.text(of: torrent))]
    return (tiers + torrent.webSeeds.map { ("web seed", $0) } + nodes + magnet).map(Self.line)
  }

  private var files: [String] {
    let shown = torrent.layout.files.map { file in
      (size: ByteText.size(file.length), text: Self.cleaned(file.displayPath) + Self.notes(file))
    }
    let width = shown.map(\.size.count).max() ?? 0
    return [Self.line("files", "\(shown.count)")]
      + shown.map { file in
        "  " + String(repeating: " ", count: width - file.size.count) + file.size + "  " + file.text
      }
  }

  private var warnings: [String] {
    torrent.warnings.map { Self.line("warning", $0.description) }
  }

  private static func notes(_ file: TorrentFile) -> String {
    var notes: [String] = []
    if file.isPadding { notes.append("padding, not stored") }
    if file.isSymlink { notes.append("symbolic link, not created") }
    if file.isExecutable { notes.append("executable") }
    if file.attributes.contains(.hidden) { notes.append("hidden") }
    if let sum = file.md5sum { notes.append("MD5 \(cleaned(sum))") }
    return notes.isEmpty ? "" : "  (\(notes.joined(separator: ", ")))"
  }

  /// One labelled line; further lines of the value are indented below the first.
  private static func line(_ label: String, _ value: String) -> String {
    let column = 12
    let head = label + ":" + String(repeating: " ", count: max(1, column - label.count - 1))
    let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
      .map { cleaned(String($0)) }
    return head + lines.joined(separator: "\n" + String(repeating: " ", count: column))
  }

  private static func cleaned(_ text: String) -> String { TerminalText.cleaned(text) }

  /// A size for people, with the exact number where the two differ.
  private static func exactSize(_ bytes: Int64) -> String {
    bytes < 1024 ? "\(bytes) B" : "\(ByteText.size(bytes)) (\(bytes) bytes)"
  }

  /// Seconds since 1970 as a date in UTC; years past 9999 stay a number.
  static func date(_ seconds: Int64) -> String {
    guard (0..<253_402_300_800).contains(seconds) else { return "\(seconds) s after 1970" }
    let (year, month, day) = civilDate(daysSince1970: Int(seconds / 86400))
    let rest = Int(seconds % 86400)
    let parts = [month, day, rest / 3600, rest / 60 % 60, rest % 60].map {
      $0 < 10 ? "0\($0)" : "\($0)"
    }
    return "\(year)-\(parts[0])-\(parts[1]) \(parts[2]):\(parts[3]):\(parts[4]) UTC"
  }

  /// The date in the Gregorian calendar, by counting days from 1 March of the year 0, so that a
  /// leap day ends its year.
  private static func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let days = daysSince1970 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}
