package import Download
import Primitives
import Storage
import Tracker

/// The messages about a download's events that deserve a line of their own, with any display of
/// progress.
package struct DownloadNarrative: Sendable {
  private let verbosity: Verbosity
  private let isSeeding: Bool
  /// Each tracker's latest message; announces repeat it too often to show it each time.
  private var lastTrackerNotes: [String: String] = [:]
  private var wait = PeerWait()
  /// The number of renamed files reported so far.
  private var renamedFiles = 0
  private static let mostRenamedFiles = 20

  /// Creates a narrative of a download or a seed for a verbosity.
  package init(verbosity: Verbosity, isSeeding: Bool = false) {
    self.verbosity = verbosity
    self.isSeeding = isSeeding
  }

  /// Returns the line for an event, cleaned for a terminal; nil if it does not deserve one.
  package mutating func line(_ event: DownloadEvent) -> String? {
    if verbosity == .quiet { return nil }
    wait.note(event)
    let text = always(event) ?? (verbosity == .verbose ? detail(event) : nil)
    return text.map(TerminalText.cleaned)
  }

  private mutating func always(_ event: DownloadEvent) -> String? {
    switch event {
    case .started(let start):
      "\(start.name): \(ByteText.size(start.totalLength)) in \(count(start.pieceCount, "piece"))"
        + ", into \(start.folder)"
    case .fileRenamed(let change):
      renaming(change)
    case .checked(let bytes) where bytes > 0:
      "found \(ByteText.size(bytes)) of verified data on disk"
    case .listening(let port, nil, _):
      "listening for peers on port \(port), without UDP"
    case .listening(let port, let datagramPort?, let isAdditional) where port != datagramPort:
      "listening for peers on port \(port); UDP has port \(datagramPort)"
        + (isAdditional ? " as well" : "") + ", because another program uses UDP port \(port)"
    case .listening(let port, _, _) where isSeeding:
      // Without a tracker, users need it for --peer.
      "listening for peers on port \(port)"
    case .peerBanned(let peer, let reason):
      "banned \(peer): \(reason)"
    case .tracker(let report):
      news(of: report)
    case .webSeed(let report):
      trouble(of: report)
    case .dht(let report):
      if case .failed(let words) = report.state { "the DHT cannot be used: \(words)" } else { nil }
    case .seeding(let facts) where isSeeding:
      facts.isPartial ? words(ofPartial: facts) : nil
    case .seeding:
      "complete, now seeding"
    case .progress(let progress):
      wait.line(progress)
    default:
      nil
    }
  }

  private func words(ofPartial seed: SeedingFacts) -> String {
    let share = ByteText.percent(seed.verifiedBytes, of: seed.totalBytes)
    return "a partial seed: \(ByteText.size(seed.verifiedBytes)) of "
      + "\(ByteText.size(seed.totalBytes)) (\(share)) on disk; seeding that, downloading nothing"
  }

  /// Returns the line for a file with another name on disk; nil after the first few files.
  private mutating func renaming(_ change: NameChange) -> String? {
    renamedFiles += 1
    if renamedFiles > Self.mostRenamedFiles + 1 { return nil }
    if renamedFiles > Self.mostRenamedFiles {
      return "more files have another name on disk; --json names them all"
    }
    return "\(NameText.shown(change.path)) is called \(NameText.shown(change.diskPath)) on disk"
  }

  /// Returns a tracker's failure or warning; nil if it is the same as before.
  private mutating func news(of report: TrackerReport) -> String? {
    let note: String
    if case .failed(let words) = report.state {
      note = "tracker \(report.url): \(words)"
    } else if let warning = report.warning {
      note = "tracker \(report.url) warns: \(warning)"
    } else {
      if case .working = report.state { lastTrackerNotes[report.url] = nil }
      return nil
    }
    if lastTrackerNotes.updateValue(note, forKey: report.url) == note { return nil }
    return note
  }

  /// Returns the reason why a web seed delivers nothing, or less than it should.
  private func trouble(of report: WebSeedReport) -> String? {
    switch report.state {
    case .working: nil
    case .failed(let words, let pause):
      "web seed \(report.url): \(words); next attempt in \(ByteText.elapsed(pause))"
    case .limited(let words): "web seed \(report.url): \(words)"
    case .givenUp(let words): "web seed \(report.url) given up: \(words)"
    }
  }

  private func detail(_ event: DownloadEvent) -> String? {
    switch event {
    case .listening(let port, _, _):
      "listening for peers on port \(port)"
    case .tracker(let report):
      state(of: report)
    case .dht(let report):
      state(of: report)
    case .webSeed(let report) where report.state == .working:
      "web seed \(report.url): connecting"
    case .peerConnected(let peer, let client, let source):
      "connected to \(peer) (\(client), \(source.rawValue))"
    case .peerDisconnected(let peer, let reason):
      "disconnected from \(peer): \(reason)"
    case .fileCompleted(_, let path, let length):
      "\(path) is complete (\(ByteText.size(length)))"
    case .pieceFailed(let piece, let senders):
      "piece \(piece) is corrupt, sent by \(senders.map(\.description).joined(separator: ", "))"
    default:
      nil
    }
  }

  private func state(of report: DHTReport) -> String? {
    let known = "\(count(report.nodes, "node")) known"
    return switch report.state {
    case .joining: "DHT: joining"
    case .joined: "DHT: joined, \(known)"
    case .searched(let peers): "DHT: found \(count(peers, "peer")), \(known)"
    case .failed: nil
    }
  }

  private func state(of report: TrackerReport) -> String {
    switch report.state {
    case .announcing:
      return "tracker \(report.url): announcing"
    case .working(let peers, let seeders, let leechers, let next):
      let swarm = [seeders.map { count($0, "seed") }, leechers.map { count($0, "leech") }]
        .compactMap(\.self).joined(separator: ", ")
      let sight = report.externalAddress.map { ", which sees us as \($0)" } ?? ""
      return "tracker \(report.url): \(count(peers, "peer"))\(swarm.isEmpty ? "" : " (\(swarm))")"
        + "\(sight); next announce in \(ByteText.elapsed(next))"
        + (report.defect.map { "; part of its reply was unusable: \($0)" } ?? "")
    case .failed(let words):
      return "tracker \(report.url): \(words)"
    }
  }

  /// Returns the last line of a run that succeeded.
  package func summary(_ summary: DownloadSummary, name: String) -> String? {
    if verbosity == .quiet { return nil }
    let final = summary.progress
    let name = TerminalText.cleaned(name)
    if summary.alreadyComplete {
      return "\(name): already complete, \(ByteText.size(final.totalBytes)) verified"
    }
    let time = ByteText.elapsed(summary.duration)
    if final.verifiedBytes < final.totalBytes {
      return "\(name): seeded \(ByteText.size(final.verifiedBytes)) of "
        + "\(ByteText.size(final.totalBytes)) for \(time)\(sent(final))"
    }
    let rate = ByteText.rate(final.averageDownloadRate)
    var text = "\(name): complete, \(ByteText.size(final.totalBytes)) verified in \(time) (\(rate))"
    let origins = OriginText.downloaded(final)
    if !origins.isEmpty { text += ", from \(origins)" }
    text += sent(final)
    if final.wastedBytes > 0 { text += ", \(ByteText.size(final.wastedBytes)) wasted" }
    if final.failedPieces > 0 {
      text += ", \(count(final.failedPieces, "corrupt piece")) fetched again"
    }
    if !summary.bannedPeers.isEmpty {
      let shown = summary.bannedPeers.prefix(5).map(\.description)
      let more = summary.bannedPeers.count > shown.count ? ", …" : ""
      text +=
        ", \(count(summary.bannedPeers.count, "peer")) banned: "
        + shown.joined(separator: ", ") + more
    }
    return text
  }

  private func sent(_ final: ProgressSnapshot) -> String {
    guard final.uploadedBytes > 0 else { return "" }
    let ratio = ByteText.decimal(final.shareRatio, places: 2)
    return ", \(ByteText.size(final.uploadedBytes)) sent (ratio \(ratio))"
  }

  private func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)\(noun.hasSuffix("ch") ? "es" : "s")"
  }
}
