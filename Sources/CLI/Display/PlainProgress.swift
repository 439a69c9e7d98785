package import Download
package import Primitives

/// What is done with data that is on disk already.
package enum DiskWork: Sendable {
  /// It is compared with a torrent.
  case checking
  /// A torrent is made of it.
  case hashing

  /// What is going on.
  var present: String { self == .checking ? "checking" : "hashing" }
  /// What is done.
  var past: String { self == .checking ? "checked" : "hashed" }
}

/// Progress as plain lines, for what is no terminal: at the start, at most every ten seconds, and
/// at the end.
package struct PlainProgress: Sendable {
  /// The least time between two lines of progress.
  package static let interval = Duration.seconds(10)

  private let name: String
  var isSeeding: Bool
  private let work: DiskWork
  private var nextLine: Instant
  private var hasSearched = false

  /// Creates the progress of a torrent of that name, whose first line of progress is due
  /// `interval` from now.
  package init(name: String, isSeeding: Bool = false, work: DiskWork = .checking, now: Instant) {
    self.name = TerminalText.cleaned(name)
    self.isSeeding = isSeeding
    self.work = work
    self.nextLine = now + Self.interval
  }

  /// The line for a snapshot, or nil while none is due.
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

  /// The line for the check of data on disk, or nil while none is due.
  package mutating func checkingLine(done: Int64, total: Int64, now: Instant) -> String? {
    guard isDue(now) else { return nil }
    return "\(name): \(work.past) \(ByteText.percent(done, of: total)) of \(ByteText.size(total))"
  }

  /// The line for the search for metadata, or nil while none is due; the first is due at once.
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
  /// The verified share of a partial seed in percent; nil when nothing is missing.
  var share: String? {
    verifiedBytes < totalBytes ? ByteText.percent(verifiedBytes, of: totalBytes) : nil
  }
}

extension MetadataProgress {
  /// Where the search stands, in one clause.
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
