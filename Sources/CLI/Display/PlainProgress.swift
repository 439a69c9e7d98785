package import Download
package import Primitives

/// The kind of work on data that is already on disk.
package enum DiskWork: Sendable {
  /// Comparing the data with a torrent.
  case checking
  /// Creating a torrent from the data.
  case hashing

  /// The present participle of the work.
  var present: String { self == .checking ? "checking" : "hashing" }
  /// The past participle of the work.
  var past: String { self == .checking ? "checked" : "hashed" }
}

/// Progress as plain lines, for output that is not a terminal.
///
/// There are lines at the start and at the end, and between them at most one every ten seconds.
package struct PlainProgress: Sendable {
  /// The minimum interval between two lines of progress.
  package static let interval = Duration.seconds(10)

  private let name: String
  var isSeeding: Bool
  private let work: DiskWork
  private var nextLine: Instant
  private var hasSearched = false

  /// Creates the progress of a torrent; the first line is due `interval` from now.
  package init(name: String, isSeeding: Bool = false, work: DiskWork = .checking, now: Instant) {
    self.name = TerminalText.cleaned(name)
    self.isSeeding = isSeeding
    self.work = work
    self.nextLine = now + Self.interval
  }

  /// Returns the line for a snapshot; nil if none is due.
  package mutating func line(_ progress: ProgressSnapshot, now: Instant) -> String? {
    guard isDue(now) else { return nil }
    if isSeeding {
      let share = progress.share.map { "has \($0), " } ?? ""
      return "\(name): \(share)sent \(ByteText.size(progress.uploadedBytes)) "
        + "at \(ByteText.rate(progress.uploadRate)), \(peers(progress))"
    }
    return "\(name): \(ByteText.percent(progress.verifiedBytes, of: progress.totalBytes)), "
      + "\(ByteText.size(progress.verifiedBytes)) of \(ByteText.size(progress.totalBytes)) "
      + "at \(ByteText.rate(progress.downloadRate)), "
      + "\(progress.eta.map { "\(ByteText.clock($0)) to go, " } ?? "")\(peers(progress))"
  }

  /// Returns the line for a check of data on disk; nil if none is due.
  package mutating func checkingLine(done: Int64, total: Int64, now: Instant) -> String? {
    guard isDue(now) else { return nil }
    return "\(name): \(work.past) \(ByteText.percent(done, of: total)) of \(ByteText.size(total))"
  }

  /// Returns the line for the search for metadata; nil if none is due.
  ///
  /// The first is due at once.
  package mutating func searchLine(_ progress: MetadataProgress, now: Instant) -> String? {
    guard !hasSearched || isDue(now) else { return nil }
    hasSearched = true
    return "\(name): \(progress.words)"
  }

  private mutating func isDue(_ now: Instant) -> Bool {
    guard now >= nextLine else { return false }
    nextLine = now + Self.interval
    return true
  }

  private func peers(_ progress: ProgressSnapshot) -> String {
    let origins = OriginText.connected(progress)
    return "\(progress.connectedPeers) \(progress.connectedPeers == 1 ? "peer" : "peers")"
      + (origins.isEmpty ? "" : " (\(origins))")
  }
}

extension ProgressSnapshot {
  /// The verified share of a partial seed in percent; nil if the data is complete.
  var share: String? {
    verifiedBytes < totalBytes ? ByteText.percent(verifiedBytes, of: totalBytes) : nil
  }
}

extension MetadataProgress {
  /// The state of the search, in one clause.
  package var words: String {
    func peers(_ count: Int) -> String { count == 1 ? "1 peer" : "\(count) peers" }
    if connectedPeers == 0 {
      return "looking for peers with its metadata (\(knownPeers) known)"
    }
    if offeringPeers == 0 {
      return "connected to \(peers(connectedPeers)), none with its metadata so far"
    }
    let share = totalBytes.map {
      ", \(ByteText.size(Int64(receivedBytes))) of \(ByteText.size(Int64($0)))"
    }
    return "fetching metadata from \(peers(offeringPeers))\(share ?? "")"
  }
}
