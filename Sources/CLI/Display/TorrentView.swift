package import Download
package import Primitives

/// The display of one torrent: its live lines, its plain lines and its messages.
package struct TorrentView: Sendable {
  private enum Phase: Sendable {
    case waiting
    case searching(MetadataProgress)
    case checking(done: Int64, total: Int64)
    case running(ProgressSnapshot)
  }

  private let name: String
  private var isSeeding: Bool
  private let renderer: ProgressRenderer
  private var narrative: DownloadNarrative
  private var plain: PlainProgress
  private var phase = Phase.waiting

  /// Creates the view of a torrent; the first plain line is due `PlainProgress.interval` from now.
  package init(
    name: String, isSeeding: Bool, work: DiskWork = .checking, verbosity: Verbosity,
    usesColor: Bool, now: Instant
  ) {
    self.name = TerminalText.cleaned(name)
    self.isSeeding = isSeeding
    renderer = ProgressRenderer(name: name, usesColor: usesColor, work: work)
    narrative = DownloadNarrative(verbosity: verbosity, isSeeding: isSeeding)
    plain = PlainProgress(name: name, isSeeding: isSeeding, work: work, now: now)
  }

  /// Updates the view by an event; returns the event's message, if it has one.
  package mutating func note(_ event: DownloadEvent) -> String? {
    switch event {
    case .fetchingMetadata(let progress): phase = .searching(progress)
    case .checking(let done, let total): phase = .checking(done: done, total: total)
    case .progress(let progress): phase = .running(progress)
    case .seeding:
      isSeeding = true
      plain.isSeeding = true
    default: break
    }
    return narrative.line(event)
  }

  /// Returns the plain line that is due; nil if none is.
  package mutating func plainLine(now: Instant) -> String? {
    switch phase {
    case .waiting: nil
    case .searching(let progress): plain.searchLine(progress, now: now)
    case .checking(let done, let total): plain.checkingLine(done: done, total: total, now: now)
    case .running(let progress): plain.line(progress, now: now)
    }
  }

  /// The width of the full name, in columns.
  var nameWidth: Int { TerminalText.width(name) }

  /// Returns the live line, followed by the strip of pieces if there is room and it is not empty.
  package func liveLines(
    columns: Int, withStrip: Bool, nameWidth: Int? = nil
  ) -> [String] {
    switch phase {
    case .waiting:
      return [renderer.line("waiting", columns: columns, nameWidth: nameWidth)]
    case .searching(let progress):
      return [renderer.line(progress.words, columns: columns, nameWidth: nameWidth)]
    case .checking(let done, let total):
      return [
        renderer.checkingLine(done: done, total: total, columns: columns, nameWidth: nameWidth)
      ]
    case .running(let progress) where isSeeding:
      return [renderer.seedingLine(progress, columns: columns, nameWidth: nameWidth)]
    case .running(let progress):
      let strip = withStrip ? renderer.strip(progress, columns: columns) : ""
      return [renderer.line(progress, columns: columns, nameWidth: nameWidth)]
        + (strip.isEmpty ? [] : [strip])
    }
  }
}

/// The arrangement of the live lines of several torrents in aligned columns.
package enum LiveLayout {
  /// Returns the lines, at most `rows - 1`, so that messages that scroll by above remain visible.
  ///
  /// - Parameters:
  ///   - views: The active torrents, in order.
  ///   - columns: The terminal's width.
  ///   - rows: The terminal's height.
  /// - Returns: The lines, which are shorter than the width.
  package static func lines(of views: [TorrentView], columns: Int, rows: Int) -> [String] {
    let room = max(1, rows - 1)
    let nameWidth = views.map(\.nameWidth).max() ?? 0
    func lines(withStrip: Bool) -> [String] {
      views.flatMap {
        $0.liveLines(columns: columns, withStrip: withStrip, nameWidth: nameWidth)
      }
    }
    let full = lines(withStrip: true)
    if full.count <= room { return full }
    let lines = lines(withStrip: false)
    if lines.count <= room { return lines }
    let rest = "… and \(lines.count - room + 1) more"
    return Array(lines.prefix(room - 1)) + [TerminalText.truncated(rest, to: max(0, columns - 1))]
  }
}
