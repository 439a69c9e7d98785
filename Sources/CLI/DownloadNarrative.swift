package import Download
import Primitives

/// Puts a download's events into words: what is worth a line of its own, whatever draws progress.
package struct DownloadNarrative: Sendable {
  private let verbosity: Verbosity

  /// Creates a narrative that says as much as that.
  package init(verbosity: Verbosity) {
    self.verbosity = verbosity
  }

  /// The line for an event, cleaned for a terminal; nil when it is not worth one.
  package func line(_ event: DownloadEvent) -> String? {
    if verbosity == .quiet { return nil }
    let text = always(event) ?? (verbosity == .verbose ? detail(event) : nil)
    return text.map(TerminalText.cleaned)
  }

  private func always(_ event: DownloadEvent) -> String? {
    switch event {
    case .started(let start):
      "\(start.name): \(ByteText.size(start.totalLength)) in \(count(start.pieceCount, "piece"))"
        + ", into \(start.folder)"
    case .checked(let bytes) where bytes > 0:
      "\(ByteText.size(bytes)) are there already"
    case .peerBanned(let peer, let reason):
      "banned \(peer): \(reason)"
    default:
      nil
    }
  }

  private func detail(_ event: DownloadEvent) -> String? {
    switch event {
    case .listening(let port):
      "listening for peers on port \(port)"
    case .tracker(let report):
      "tracker: \(report)"
    case .peerConnected(let peer, let client):
      "connected to \(peer) (\(client))"
    case .peerDisconnected(let peer, let reason):
      "disconnected from \(peer): \(reason)"
    case .pieceFailed(let piece, let senders):
      "piece \(piece) is wrong, from \(senders.map(\.description).joined(separator: ", "))"
    default:
      nil
    }
  }

  /// The lines that end a run that succeeded.
  package func summary(_ summary: DownloadSummary, name: String) -> String? {
    if verbosity == .quiet { return nil }
    let final = summary.final
    let name = TerminalText.cleaned(name)
    if summary.alreadyComplete {
      return "\(name): already complete, \(ByteText.size(final.totalBytes)) verified"
    }
    let seconds = summary.duration.inSeconds
    let rate = seconds > 0 ? Double(final.downloadedBytes) / seconds : 0
    var text =
      "\(name): complete, \(ByteText.size(final.totalBytes)) verified in "
      + "\(ByteText.elapsed(summary.duration)) (\(ByteText.rate(rate)))"
    if final.failedPieces > 0 { text += ", \(count(final.failedPieces, "bad piece")) replaced" }
    if !summary.bannedPeers.isEmpty {
      text += ", \(count(summary.bannedPeers.count, "peer")) banned"
    }
    return text
  }

  private func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}
