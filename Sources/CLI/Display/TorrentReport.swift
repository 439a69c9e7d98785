package import Metainfo
import Primitives

/// A torrent's fields as text, safe for a terminal with any content.
package struct TorrentReport {
  private let torrent: TorrentMetainfo

  /// Creates the report on a torrent.
  package init(_ torrent: TorrentMetainfo) {
    self.torrent = torrent
  }

  /// Writes the report in parts, so that its memory does not grow with the number of files.
  package func write<Failure: Error>(
    _ output: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var lines = LineBuffer()
    for line in facts.map(Self.line) + places { lines.append(line) }
    let files = torrent.layout.files
    lines.append(Self.line("files", "\(files.count)"))
    let width = Self.width(of: files.indices.lazy.map { Self.size(files, $0) })
    for file in files {
      lines.bytes += "  ".utf8
      lines.append(Self.size(files, file.index), width: width)
      Self.append(file, to: &lines.bytes)
      try lines.flush(output)
    }
    for line in warnings { lines.append(line) }
    try output(lines.bytes)
  }

  /// Writes the list of the selected files in parts.
  package func writeFileList<Failure: Error>(
    _ selection: FileSelection, _ output: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var lines = LineBuffer()
    let files = torrent.layout.files
    let wanted = files.indices.lazy.filter { selection.contains($0) }
    let sizeWidth = Self.width(of: wanted.map { Self.size(files, $0) })
    let numberWidth = wanted.last.map { "\($0 + 1)".count } ?? 0
    for index in wanted {
      lines.append("\(index + 1)", width: numberWidth)
      lines.bytes += "  ".utf8
      lines.append(Self.size(files, index), width: sizeWidth)
      Self.append(files[index], to: &lines.bytes)
      try lines.flush(output)
    }
    try output(lines.bytes)
  }

  /// Lines of text that have not been written yet.
  private struct LineBuffer {
    var bytes: [UInt8] = []

    mutating func append(_ line: String) {
      bytes += line.utf8
      bytes.append(UInt8(ascii: "\n"))
    }

    mutating func append(_ text: String, width: Int) {
      for _ in text.utf8.count..<max(width, text.utf8.count) { bytes.append(UInt8(ascii: " ")) }
      bytes += text.utf8
    }

    mutating func flush<Failure: Error>(
      _ output: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
      guard bytes.count >= 64 << 10 else { return }
      try output(bytes)
      bytes.removeAll(keepingCapacity: true)
    }
  }

  private static func size(_ files: FileList, _ index: Int) -> String {
    let range = files.range(of: index)
    return ByteText.size(range.upperBound - range.lowerBound)
  }

  private static func width(of sizes: some Sequence<String>) -> Int {
    sizes.reduce(0) { max($0, $1.utf8.count) }
  }

  /// Appends a file's path, its notes and a line break.
  private static func append(_ file: TorrentFile, to line: inout [UInt8]) {
    line += "  ".utf8
    let start = line.count
    file.appendPath(to: &line)
    if !line[start...].allSatisfy({ (0x20..<0x7F).contains($0) }) {
      let path = Array(line[start...])
      line.removeLast(path.count)
      NameText.append(path, to: &line)
    }
    if !file.attributes.isEmpty || file.md5sum != nil { line += notes(file).utf8 }
    line.append(UInt8(ascii: "\n"))
  }

  private var facts: [(String, String)] {
    let geometry = torrent.geometry
    var facts = [
      ("name", NameText.shown(torrent.info.nameBytes.bytes)),
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

  /// Returns one labelled line; further lines of the value are indented below the first.
  private static func line(_ label: String, _ value: String) -> String {
    let column = 12
    let head = label + ":" + String(repeating: " ", count: max(1, column - label.count - 1))
    let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
      .map { cleaned(String($0)) }
    return head + lines.joined(separator: "\n" + String(repeating: " ", count: column))
  }

  private static func cleaned(_ text: String) -> String { TerminalText.cleaned(text) }

  /// Returns a rounded size, followed by the exact number if the two can differ.
  private static func exactSize(_ bytes: Int64) -> String {
    bytes < 1024 ? "\(bytes) B" : "\(ByteText.size(bytes)) (\(bytes) bytes)"
  }

  /// Returns seconds since 1970 as a date in UTC; years after 9999 stay a number.
  static func date(_ seconds: Int64) -> String {
    guard (0..<253_402_300_800).contains(seconds) else { return "\(seconds) s after 1970" }
    let (year, month, day) = civilDate(daysSince1970: Int(seconds / 86400))
    let rest = Int(seconds % 86400)
    let parts = [month, day, rest / 3600, rest / 60 % 60, rest % 60].map {
      $0 < 10 ? "0\($0)" : "\($0)"
    }
    return "\(year)-\(parts[0])-\(parts[1]) \(parts[2]):\(parts[3]):\(parts[4]) UTC"
  }

  /// Returns the Gregorian date.
  ///
  /// It counts days from 1 March of the year 0, so that a leap day is the last day of its year.
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
